// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Isa;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One op on one problem. Before its clock starts it does, on few images, what the reference does;
 * an implementation that does not is refused. Copies to and from the device are never inside a
 * call.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class KernelBenchmark {
  private static final int CHECKED_IMAGES = 2;

  /** {@code cpu} is the best of {@code scalar avx2 avx512}; or {@code cuda}, {@code reference}. */
  @Param("cpu")
  public String implementation;

  /** CPU threads; 0 for all that this process may use. */
  @Param("0")
  public int threads;

  private Context context;
  private Rig rig;

  /**
   * Makes the op, its tensors and its calls. {@code images} is 0 for as many as the problem has.
   */
  abstract Rig rig(Context context, int images);

  /** Opens the implementation and compares it with the reference. */
  @Setup(Level.Trial)
  public void setUp() {
    context = open(implementation, threads());
    try (Context few = open(implementation, threads());
        Context reference = Context.reference()) {
      rig(few, CHECKED_IMAGES).requireSameAs(rig(reference, CHECKED_IMAGES));
    }
    rig = rig(context, 0);
  }

  /** CPU threads of the context. */
  int threads() {
    return threads;
  }

  static Context open(String implementation, int threads) {
    return switch (implementation) {
      case "cpu", "cuda", "reference" -> Context.open(implementation, threads);
      case "scalar", "avx2", "avx512" ->
          Context.cpu(Isa.valueOf(implementation.toUpperCase(Locale.ROOT)), threads);
      default ->
          throw new IllegalArgumentException(
              "implementation is '"
                  + implementation
                  + "', expected cpu, scalar, avx2, avx512, cuda or reference");
    };
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    context.close();
  }

  final void run(String call, Rate rate) {
    rig.run(call, rate);
  }

  static int images(int wanted, int all) {
    return wanted == 0 ? all : Math.min(wanted, all);
  }
}
