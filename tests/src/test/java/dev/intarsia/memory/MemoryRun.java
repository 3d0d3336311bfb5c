// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.memory;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.forgetting.TinyNet;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a child JVM runs: {@code steps} trains and prints how resident memory moves, {@code
 * contexts} opens and closes contexts and prints what is left. One {@code key=value} a line.
 */
final class MemoryRun {
  static final int WARM_UP = 1000;
  static final int STEPS = 2000;
  static final long TENSOR_BYTES = 64L << 20;
  static final int ROUNDS = 8;

  private static final int SAMPLE_EVERY = 20;
  private static final int STEPS_PER_EPOCH = 4; // of the tiny net's tasks
  private static final long PAGE_BYTES = 4096;

  private MemoryRun() {}

  /** Runs one of the two measurements. */
  public static void main(String[] args) {
    if (args[0].equals("steps")) {
      steps();
    } else {
      contexts();
    }
  }

  private static void steps() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context)) {
      Samples samples = new Samples(context);
      int epochs = (WARM_UP + STEPS) / STEPS_PER_EPOCH;
      RunConfig config = RunConfig.builder().method("wsn").epochs(epochs).build();
      Method method = Methods.prepare(config).apply(net);
      Task task = TinyNet.task(0);
      method.learn(task, new Trainer(net, Adam.of(0.001, 0.01), 1, 10, samples));
      print("steps", samples.steps - WARM_UP);
      print("slope_bytes_per_step", samples.slope());
      print("first_resident", samples.resident.get(0));
      print("last_resident", samples.resident.get(samples.resident.size() - 1));
      print("allocations_after_first_step", samples.allocationsAfterFirst);
      print("allocations_after_last_step", samples.allocations);
    }
  }

  /** Resident bytes every few steps after the warm-up. */
  private static final class Samples implements RunListener {
    private final Context context;
    private final List<Long> resident = new ArrayList<>();
    private int steps;
    private long allocationsAfterFirst;
    private long allocations;

    Samples(Context context) {
      this.context = context;
    }

    @Override
    public void stepDone(int task, int epoch, int step, double loss) {
      allocations = context.allocations();
      if (steps++ == 0) {
        allocationsAfterFirst = allocations;
      }
      if (steps > WARM_UP && steps % SAMPLE_EVERY == 0) {
        resident.add(residentBytes());
      }
    }

    /** Least squares. */
    double slope() {
      int n = resident.size();
      double meanX = (n - 1) / 2.0;
      double meanY = resident.stream().mapToLong(Long::longValue).average().orElseThrow();
      double xy = 0;
      double xx = 0;
      for (int i = 0; i < n; i++) {
        xy += (i - meanX) * (resident.get(i) - meanY);
        xx += (i - meanX) * (i - meanX);
      }
      return xy / xx / SAMPLE_EVERY;
    }
  }

  /** Tensors are left open on purpose: closing their context is enough. */
  private static void contexts() {
    Context.cpu().close();
    print("resident_before", residentBytes());
    long most = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Context context = Context.cpu();
      Tensor tensor = Tensor.plain(context, TENSOR_BYTES / Float.BYTES);
      tensor.zero(); // touches every page
      print("used_in_round", context.usedBytes());
      most = Math.max(most, residentBytes());
      context.close();
      print("used_after_close", context.usedBytes());
    }
    print("resident_most", most);
    print("resident_after", residentBytes());
  }

  private static void print(String key, double value) {
    System.out.printf(Locale.ROOT, "%s=%.1f%n", key, value);
  }

  private static long residentBytes() {
    try {
      String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ");
      return Long.parseLong(pages[1]) * PAGE_BYTES;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
