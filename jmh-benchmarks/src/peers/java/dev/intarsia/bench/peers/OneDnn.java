// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.bench.paired.CodebookConvWork;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.ConvWork;
import dev.intarsia.bench.paired.Library;
import dev.intarsia.bench.paired.LinearWork;
import dev.intarsia.bench.paired.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl;

/**
 * oneDNN. {@code onednn} has tensors in the layout a primitive wants and weights packed before the
 * clock starts: its bare kernels. {@code onednn+reorder} has a user's plain tensors, so that
 * conversions, weights' included, count. It knows no mask: the problem is dense.
 */
public final class OneDnn implements Library {
  static final String BARE = "onednn";
  static final String WITH_REORDERS = "onednn+reorder";

  private static final String THREADS_VARIABLE = "OMP_NUM_THREADS";
  private static final Map<String, Integer> ISAS =
      Map.of(
          "avx512", dnnl.dnnl_cpu_isa_default,
          "avx2", dnnl.dnnl_cpu_isa_avx2,
          "scalar", dnnl.dnnl_cpu_isa_sse41);

  @Override
  public String version() {
    return Versions.of("oneDNN", "dnnl");
  }

  @Override
  public void open(Settings settings) {
    String threads = String.valueOf(settings.threads());
    if (!threads.equals(System.getenv(THREADS_VARIABLE))) {
      throw new IllegalStateException(
          "%s is %s, but %s threads are asked for; oneDNN has no other switch, so set it"
              .formatted(THREADS_VARIABLE, System.getenv(THREADS_VARIABLE), threads));
    }
    int status = dnnl.dnnl_set_max_cpu_isa(ISAS.get(settings.isa()));
    if (status != dnnl.dnnl_success) {
      throw new IllegalStateException(
          "oneDNN cannot be held to " + settings.isa() + ": status " + status);
    }
  }

  @Override
  public List<Contender> contenders(Work work) {
    List<Contender> contenders = new ArrayList<>();
    if (work instanceof ConvWork conv && conv.shape().groups() == 1) {
      addAll(contenders, DnnlProblem.convolution(conv));
    } else if (work instanceof CodebookConvWork codebook) {
      addAll(contenders, DnnlProblem.convolution(codebook.dense()));
    } else if (work instanceof LinearWork linear) {
      addAll(contenders, DnnlProblem.linear(linear));
    }
    return contenders;
  }

  private static void addAll(List<Contender> contenders, DnnlProblem problem) {
    contenders.add(new DnnlContender(BARE, problem, DnnlProblem.Layout.ANY, false));
    contenders.add(new DnnlContender(BARE, problem, DnnlProblem.Layout.NCHW, false));
    contenders.add(new DnnlContender(WITH_REORDERS, problem, DnnlProblem.Layout.ANY, true));
    if (problem.srcDims().length == 4) { // rows of a matrix have no channels to put last
      contenders.add(new DnnlContender(BARE, problem, DnnlProblem.Layout.NHWC, false));
      contenders.add(new DnnlContender(WITH_REORDERS, problem, DnnlProblem.Layout.NHWC, true));
    }
  }
}
