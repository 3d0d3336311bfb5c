// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.Structure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;

/** One primitive of oneDNN with its tensors, and the conversions around it if they count. */
final class DnnlContender implements Contender {
  private final String name;
  private final String variety;
  private final boolean reorders;
  private final boolean userResult;
  private final PointerScope scope;
  private final engine engine;
  private final stream stream;
  private final primitive run;
  private final IntMemoryMap arguments;
  private final List<Conversion> before = new ArrayList<>();
  private final List<Conversion> after = new ArrayList<>();
  private final FloatPointer plainResult;
  private final int resultLength;

  private record Conversion(reorder run, memory from, memory to) {}

  DnnlContender(String name, DnnlProblem problem, DnnlProblem.Layout layout, boolean reorders) {
    this.name = name;
    this.reorders = reorders;
    try (PointerScope opened = new PointerScope()) {
      scope = opened.extend(); // outlives this block; close() ends it
      engine = new engine(dnnl.dnnl_cpu, 0);
      stream = new stream(engine);
      DnnlProblem.Primitive primitive = problem.primitive(engine, layout);
      run = primitive.run();
      String kernel = primitive.description().impl_info_str().getString();
      variety = layout.name().toLowerCase(Locale.ROOT) + " " + kernel;
      // Activations of an NHWC user are NHWC to begin with: only what differs is converted.
      boolean nhwc = layout == DnnlProblem.Layout.NHWC;
      memory first = operand(problem.firstDims(), primitive.first(), problem.first(), nhwc);
      memory second = operand(problem.secondDims(), primitive.second(), problem.second(), nhwc);
      memory result = new memory(primitive.result(), engine);
      long[] dims = problem.resultDims();
      plainResult = new FloatPointer((long) length(dims));
      memory plain = new memory(DnnlProblem.plain(dims), engine, plainResult);
      after.add(new Conversion(new reorder(result, plain), result, plain));
      arguments = new IntMemoryMap();
      arguments.put(problem.firstArgument(), first);
      arguments.put(problem.secondArgument(), second);
      arguments.put(problem.resultArgument(), result);
      if (!reorders) {
        convert(before);
      }
      userResult = nhwc && dims.length == 4 && !isWeights(problem);
      resultLength = length(dims);
      stream._wait();
    }
  }

  private static boolean isWeights(DnnlProblem problem) {
    return problem.resultArgument() == dnnl.DNNL_ARG_DIFF_WEIGHTS;
  }

  private static int length(long[] dims) {
    long length = 1;
    for (long dim : dims) {
      length *= dim;
    }
    return Math.toIntExact(length);
  }

  /** A tensor as the primitive wants it; converted from row-major values now or in every call. */
  private memory operand(long[] dims, memory.desc wanted, float[] values, boolean nhwc) {
    memory plain = new memory(DnnlProblem.plain(dims), engine, new FloatPointer(values));
    memory blocked = new memory(wanted, engine);
    Conversion conversion = new Conversion(new reorder(plain, blocked), plain, blocked);
    boolean activations = values.length == length(dims) && dims.length == 4 && nhwc;
    if (activations && wanted.equals(DnnlProblem.describe(dims, dnnl.dnnl_nhwc))) {
      convert(List.of(conversion));
    } else {
      before.add(conversion);
    }
    return blocked;
  }

  private void convert(List<Conversion> conversions) {
    for (Conversion conversion : conversions) {
      conversion.run().execute(stream, conversion.from(), conversion.to());
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String variety() {
    return variety;
  }

  @Override
  public Structure structure() {
    return Structure.FULL;
  }

  @Override
  public void run() {
    if (reorders) {
      convert(before);
    }
    run.execute(stream, arguments);
    if (reorders && !userResult) {
      convert(after);
    }
    stream._wait();
  }

  @Override
  public float[] result() {
    convert(after);
    stream._wait();
    float[] values = new float[resultLength];
    plainResult.get(values);
    return values;
  }

  @Override
  public void close() {
    scope.close();
  }
}
