// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas.cblas_sgemv;

import dev.intarsia.LinearShape;
import dev.intarsia.bench.paired.CodebookWork;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.Library;
import dev.intarsia.bench.paired.LinearWork;
import dev.intarsia.bench.paired.Structure;
import dev.intarsia.bench.paired.Work;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS: a matrix product, or a matrix times a vector for one image. */
public final class OpenBlas implements Library {
  private static final String CORE = "OPENBLAS_CORETYPE";
  private static final String AVX2_CORE = "Haswell";

  @Override
  public String version() {
    return Versions.of("OpenBLAS", "openblas");
  }

  @Override
  public void open(Settings settings) {
    if (settings.isa().equals("avx2") && !AVX2_CORE.equals(System.getenv(CORE))) {
      throw new IllegalStateException(
          "%s is %s, but avx2 is asked for; OpenBLAS has no other switch, so set it to %s"
              .formatted(CORE, System.getenv(CORE), AVX2_CORE));
    }
    openblas.blas_set_num_threads(settings.threads());
  }

  @Override
  public List<Contender> contenders(Work work) {
    if (work instanceof CodebookWork codebook) {
      return List.of(new Product(codebook.dense()));
    }
    return work instanceof LinearWork linear ? List.of(new Product(linear)) : List.of();
  }

  /** Row-major operands, borrowed from nobody. */
  private static final class Product implements Contender {
    private final LinearWork work;
    private final FloatPointer src;
    private final FloatPointer weights;
    private final FloatPointer diffDst;
    private final FloatPointer result;
    private final int length;

    Product(LinearWork work) {
      this.work = work;
      LinearShape s = work.shape();
      src = new FloatPointer(work.src());
      weights = new FloatPointer(work.weights());
      diffDst = new FloatPointer(work.diffDst());
      length =
          switch (work.direction()) {
            case FORWARD -> s.n() * s.o();
            case BACKWARD_DATA -> s.n() * s.i();
            default -> s.o() * s.i();
          };
      result = new FloatPointer((long) length);
    }

    @Override
    public String name() {
      return "openblas";
    }

    @Override
    public String variety() {
      return vector() ? "sgemv" : "sgemm";
    }

    private boolean vector() {
      return work.shape().n() == 1 && work.shape().o() > 1 && result.limit() != weights.limit();
    }

    @Override
    public Structure structure() {
      return Structure.FULL;
    }

    @Override
    public void run() {
      int n = work.shape().n();
      int i = work.shape().i();
      int o = work.shape().o();
      switch (work.direction()) {
        case FORWARD -> {
          if (vector()) {
            cblas_sgemv(CblasRowMajor, CblasNoTrans, o, i, 1, weights, i, src, 1, 0, result, 1);
          } else {
            gemm(CblasNoTrans, CblasTrans, n, o, i, src, i, weights, i);
          }
        }
        case BACKWARD_DATA -> {
          if (vector()) {
            cblas_sgemv(CblasRowMajor, CblasTrans, o, i, 1, weights, i, diffDst, 1, 0, result, 1);
          } else {
            gemm(CblasNoTrans, CblasNoTrans, n, i, o, diffDst, o, weights, i);
          }
        }
        default -> gemm(CblasTrans, CblasNoTrans, o, i, n, diffDst, o, src, i);
      }
    }

    private void gemm(
        int transA,
        int transB,
        int m,
        int n,
        int k,
        FloatPointer a,
        int lda,
        FloatPointer b,
        int ldb) {
      cblas_sgemm(CblasRowMajor, transA, transB, m, n, k, 1, a, lda, b, ldb, 0, result, n);
    }

    @Override
    public float[] result() {
      float[] values = new float[length];
      result.get(values);
      return values;
    }

    @Override
    public void close() {
      List.of(src, weights, diffDst, result).forEach(FloatPointer::close);
    }
  }
}
