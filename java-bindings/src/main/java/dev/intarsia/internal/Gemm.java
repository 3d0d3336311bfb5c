// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_saxpy;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_scopy;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sger;

import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.slf4j.LoggerFactory;

/**
 * A dense linear layer on OpenBLAS, in the CPU's activation layouts.
 *
 * <p>Blocked, a block of 16 rows of [N, F] is a row-major [F, 16] matrix, so every product is one
 * sgemm per block with 16 columns. The block has the same size whatever N is, and OpenBLAS runs one
 * thread: a row's bits depend on the row alone. Pad lanes of src are finite and those of diff_dst
 * zero, so they add nothing and pad lanes of diff_src come out zero.
 *
 * <p>Row-major, every row is one sgemv for the same reason: the weights of the heads that come here
 * fit in cache, and small batches have few rows.
 */
public final class Gemm {
  private static final int LANES = Layout.BLOCK;

  private Gemm() {}

  private static final class Library {
    static final FloatPointer ONES = load();

    /** Loads OpenBLAS with one thread; null, with one warning, when it cannot be had. */
    private static FloatPointer load() {
      try {
        Loader.load(openblas_nolapack.class);
        openblas_nolapack.blas_set_num_threads(1);
        float[] ones = new float[LANES];
        Arrays.fill(ones, 1);
        return new FloatPointer(ones);
      } catch (LinkageError e) {
        LoggerFactory.getLogger(Gemm.class)
            .warn("OpenBLAS does not load, dense layers use the masked kernel: {}", e.getMessage());
        return null;
      }
    }
  }

  /** Returns whether OpenBLAS loads here. */
  public static boolean available() {
    return Library.ONES != null;
  }

  /**
   * {@code dst = src weights^T + bias}; src [N, I], dst [N, O], weights [O, I], bias [O] or null.
   */
  public static void forward(
      Layout layout,
      LinearShape s,
      FloatPointer src,
      FloatPointer weights,
      FloatPointer bias,
      FloatPointer dst) {
    if (layout == Layout.NCHW) {
      for (int n = 0; n < s.n(); n++) {
        FloatPointer result = row(dst, n, s.o());
        if (bias == null) {
          Pointer.memset(result, 0, (long) s.o() * Float.BYTES);
        } else {
          cblas_scopy(s.o(), bias, 1, result, 1);
        }
        addProduct(CblasNoTrans, s, weights, row(src, n, s.i()), result);
      }
      return;
    }
    for (int block = 0; block < blocks(s); block++) {
      FloatPointer rows = block(src, block, s.i()); // [I, 16]
      FloatPointer results = block(dst, block, s.o()); // [O, 16]
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasNoTrans,
          s.o(),
          LANES,
          s.i(),
          1,
          weights,
          s.i(),
          rows,
          LANES,
          0,
          results,
          LANES);
      if (bias != null) {
        cblas_sger(CblasRowMajor, s.o(), LANES, 1, bias, 1, Library.ONES, 1, results, LANES);
      }
    }
  }

  /** {@code diffSrc = diffDst weights}; diffDst [N, O], diffSrc [N, I]. */
  public static void backwardData(
      Layout layout,
      LinearShape s,
      FloatPointer diffDst,
      FloatPointer weights,
      FloatPointer diffSrc) {
    if (layout == Layout.NCHW) {
      Pointer.memset(diffSrc, 0, (long) s.n() * s.i() * Float.BYTES);
      for (int n = 0; n < s.n(); n++) {
        addProduct(CblasTrans, s, weights, row(diffDst, n, s.o()), row(diffSrc, n, s.i()));
      }
      return;
    }
    for (int block = 0; block < blocks(s); block++) {
      cblas_sgemm(
          CblasRowMajor,
          CblasTrans,
          CblasNoTrans,
          s.i(),
          LANES,
          s.o(),
          1,
          weights,
          s.i(),
          block(diffDst, block, s.o()),
          LANES,
          0,
          block(diffSrc, block, s.i()),
          LANES);
    }
  }

  /** {@code diffWeights += diffDst^T src}, {@code diffBias += sum of diffDst over N}, or null. */
  public static void backwardWeights(
      Layout layout,
      LinearShape s,
      FloatPointer src,
      FloatPointer diffDst,
      FloatPointer diffWeights,
      FloatPointer diffBias) {
    if (layout == Layout.NCHW) {
      cblas_sgemm(
          CblasRowMajor,
          CblasTrans,
          CblasNoTrans,
          s.o(),
          s.i(),
          s.n(),
          1,
          diffDst,
          s.o(),
          src,
          s.i(),
          1,
          diffWeights,
          s.i());
      for (int n = 0; diffBias != null && n < s.n(); n++) {
        cblas_saxpy(s.o(), 1, row(diffDst, n, s.o()), 1, diffBias, 1);
      }
      return;
    }
    for (int block = 0; block < blocks(s); block++) {
      FloatPointer diffs = block(diffDst, block, s.o()); // [O, 16]
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasTrans,
          s.o(),
          s.i(),
          LANES,
          1,
          diffs,
          LANES,
          block(src, block, s.i()),
          LANES,
          1,
          diffWeights,
          s.i());
      if (diffBias != null) {
        cblas_sgemv(
            CblasRowMajor,
            CblasNoTrans,
            s.o(),
            LANES,
            1,
            diffs,
            LANES,
            Library.ONES,
            1,
            1,
            diffBias,
            1);
      }
    }
  }

  /** {@code result += weights x}, or weights transposed. */
  private static void addProduct(
      int transposed, LinearShape s, FloatPointer weights, FloatPointer x, FloatPointer result) {
    cblas_sgemv(CblasRowMajor, transposed, s.o(), s.i(), 1, weights, s.i(), x, 1, 1, result, 1);
  }

  private static FloatPointer row(FloatPointer activations, int n, int features) {
    return n == 0 ? activations : activations.getPointer((long) n * features);
  }

  private static int blocks(LinearShape s) {
    return (s.n() + LANES - 1) / LANES;
  }

  private static FloatPointer block(FloatPointer activations, int block, int features) {
    return block == 0 ? activations : activations.getPointer((long) block * features * LANES);
  }
}
