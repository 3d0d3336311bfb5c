// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.intarsia.Context;
import dev.intarsia.Isa;
import dev.intarsia.Layout;
import dev.intarsia.PlaneShape;
import dev.intarsia.parity.Field.Bits;
import dev.intarsia.parity.Field.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The body of every parity test: each registry entry, on each problem, on each implementation, does
 * what the reference does. A subclass names its stem, its problems and, for each entry, the op and
 * its tensors.
 *
 * @param <S> the shape of its problems
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class KernelParityTest<S> {
  private static final int[] THREADS = {1, 2, 3, 7};

  private Side reference; // of the last case: implementations of one case follow each other
  private String referenceCase = "";

  /** Binds an op to tensors that it makes on a side. */
  @FunctionalInterface
  public interface Setup<S> {
    /** Returns the call, ready to run. */
    Runnable bind(Side side, S shape, Problem<S> problem);
  }

  /**
   * A registry entry, or a variant of one.
   *
   * @param name as in ops.inc
   * @param variant what is special, or empty
   */
  public record Entry<S>(String name, String variant, Setup<S> setup) {
    @Override
    public String toString() {
      return variant.isEmpty() ? name : name + " (" + variant + ")";
    }
  }

  /** The stem as the registry writes it. */
  public abstract String stem();

  /** Every entry of the stem, at least once. */
  public abstract List<Entry<S>> entries();

  abstract List<Problem<S>> problems();

  /** Whether an entry can run on a layout of activations. */
  boolean fits(Entry<S> entry, Layout layout) {
    return true;
  }

  static <S> Entry<S> entry(String name, Setup<S> setup) {
    return new Entry<>(name, "", setup);
  }

  static <S> Entry<S> entry(String name, String variant, Setup<S> setup) {
    return new Entry<>(name, variant, setup);
  }

  Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Entry<S> entry : entries()) {
      for (Problem<S> problem : problems()) {
        for (Implementation implementation : Implementations.all()) {
          for (Layout layout : layouts(problem, implementation)) {
            if (fits(entry, layout)) {
              cases.add(Arguments.of(entry, problem, implementation, layout));
            }
          }
        }
      }
    }
    return cases.stream();
  }

  /**
   * The layouts to try, whatever N: what is row-major has no pad lanes, one thread shows it all.
   */
  private static List<Layout> layouts(Problem<?> problem, Implementation implementation) {
    if (implementation.kind() != Implementation.Kind.CPU) {
      return List.of(Layout.NCHW);
    }
    boolean both = implementation.threads() == 1 && !(problem.shape() instanceof PlaneShape);
    return both ? List.of(Layout.NCHW16, Layout.NCHW) : List.of(Layout.NCHW16);
  }

  @ParameterizedTest(name = "{0} | {1} | {2} {3}")
  @MethodSource("cases")
  void matchesTheReference(
      Entry<S> entry, Problem<S> problem, Implementation implementation, Layout layout) {
    Implementations.assume(implementation, stem());
    Side expected = reference(entry, problem);
    try (Side actual = run(entry, problem, Implementations.context(implementation), layout)) {
      compare(entry + " on " + implementation + " " + layout, problem, expected, actual);
    }
  }

  Stream<Arguments> threadCases() {
    Implementation one = new Implementation(Implementation.Kind.CPU, Isa.AUTO, 1);
    return entries().stream()
        .flatMap(
            entry ->
                problems().stream()
                    .flatMap(
                        problem ->
                            layouts(problem, one).stream()
                                .filter(layout -> fits(entry, layout))
                                .map(layout -> Arguments.of(entry, problem, layout))));
  }

  @ParameterizedTest(name = "{0} | {1} | {2}")
  @MethodSource("threadCases")
  void threadsDoNotChangeABit(Entry<S> entry, Problem<S> problem, Layout layout) {
    List<Implementation> each = new ArrayList<>();
    for (int threads : THREADS) {
      each.add(new Implementation(Implementation.Kind.CPU, Isa.AUTO, threads));
    }
    Implementations.assume(each.get(0));
    try (Side one = run(entry, problem, Implementations.context(each.get(0)), layout)) {
      for (Implementation more : each.subList(1, each.size())) {
        try (Side other = run(entry, problem, Implementations.context(more), layout)) {
          for (Field field : one.fields()) {
            assertSameBits(
                entry + " with 1 and " + more.threads() + " threads",
                problem,
                field,
                one.after(field.name()),
                other.after(field.name()),
                0,
                one.after(field.name()).length());
          }
        }
      }
    }
  }

  @AfterAll
  void closeReference() {
    if (reference != null) {
      reference.close();
    }
  }

  private Side reference(Entry<S> entry, Problem<S> problem) {
    String wanted = entry + " " + problem;
    if (!wanted.equals(referenceCase)) {
      closeReference();
      Context context = Implementations.context(Implementations.reference());
      reference = run(entry, problem, context, Layout.NCHW);
      referenceCase = wanted;
    }
    return reference;
  }

  private Side run(Entry<S> entry, Problem<S> problem, Context context, Layout layout) {
    // Problems by name run as users run them; the others beside images that no call may touch.
    boolean guarded = problem.name().matches("(edge|random):.*");
    Side side = new Side(context, problem.name(), guarded, layout);
    entry.setup().bind(side, problem.shape(), problem).run();
    side.read();
    return side;
  }

  private static void compare(String what, Problem<?> problem, Side expected, Side actual) {
    for (Field field : actual.fields()) {
      Bits now = actual.after(field.name());
      if (field.role() == Role.READ) {
        assertSameBits(
            what + " wrote its input", problem, field, field.before(), now, 0, now.length());
        continue;
      }
      int results = actual.compared(field, now);
      assertClose(what, problem, field, expected, now, results);
      int padEnd = actual.padded(field, now);
      assertPadLanes(what, problem, field, now, results, padEnd);
      assertSameBits(
          what + " wrote beyond its images",
          problem,
          field,
          field.before(),
          now,
          padEnd,
          now.length());
    }
    int guard = actual.brokenGuard();
    assertEquals(
        -1,
        guard,
        () ->
            what
                + " wrote outside its tensors, at guard "
                + guard
                + ": "
                + problem
                + ", seed "
                + Problems.SEED);
  }

  private static void assertClose(
      String what, Problem<?> problem, Field field, Side expected, Bits actual, int results) {
    Bits wanted = expected.after(field.name());
    if (field.tolerance() instanceof Tolerance.Norm norm) {
      assertCloseInNorm(what, problem, field, wanted, actual, results, norm);
      return;
    }
    double allowed = field.tolerance().allowed(expected);
    int worst = -1;
    double worstError = allowed;
    for (int i = 0; i < results; i++) {
      double error = error(wanted.value(i), actual.value(i));
      if (!(error <= worstError)) {
        worst = i;
        worstError = error;
      }
    }
    if (worst >= 0) {
      fail(
          "%s: %s, seed %d: %s[%d] is %s, expected %s; off by %.3g, allowed %.3g"
              .formatted(
                  what,
                  problem,
                  Problems.SEED,
                  field.name(),
                  worst,
                  actual.value(worst),
                  wanted.value(worst),
                  worstError,
                  allowed));
    }
  }

  private static void assertCloseInNorm(
      String what,
      Problem<?> problem,
      Field field,
      Bits wanted,
      Bits actual,
      int results,
      Tolerance.Norm norm) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < results; i++) {
      double error = error(wanted.value(i), actual.value(i));
      difference += error * error;
      size += wanted.value(i) * wanted.value(i);
    }
    double relative = difference == 0 ? 0 : Math.sqrt(difference / size);
    if (!(relative <= norm.relative())) {
      fail(
          "%s: %s, seed %d: %s is off by %.3g in norm, allowed %.3g"
              .formatted(what, problem, Problems.SEED, field.name(), relative, norm.relative()));
    }
  }

  private static double error(double expected, double actual) {
    if (expected == actual || Double.isNaN(expected) && Double.isNaN(actual)) {
      return 0;
    }
    double error = Math.abs(expected - actual);
    return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
  }

  private static void assertPadLanes(
      String what, Problem<?> problem, Field field, Bits bits, int from, int to) {
    for (int i = from; i < to; i++) {
      double value = bits.value(i);
      boolean right = field.role() == Role.WRITTEN_DIFF ? value == 0 : Double.isFinite(value);
      int lane = i;
      assertTrue(
          right,
          () ->
              "%s: %s, seed %d: pad lane %s[%d] is %s"
                  .formatted(what, problem, Problems.SEED, field.name(), lane, value));
    }
  }

  private static void assertSameBits(
      String what, Problem<?> problem, Field field, Bits expected, Bits actual, int from, int to) {
    for (int i = from; i < to; i++) {
      if (expected.words()[i] != actual.words()[i]) {
        fail(
            "%s: %s, seed %d: %s[%d] is %s, expected the bits of %s"
                .formatted(
                    what,
                    problem,
                    Problems.SEED,
                    field.name(),
                    i,
                    actual.value(i),
                    expected.value(i)));
      }
    }
  }
}
