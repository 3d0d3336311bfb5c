// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/**
 * What the layout of activations was decided by: a dense convolution, one thread, as im2col and a
 * matrix product of OpenBLAS over NCHW, and as our kernel over [N/16][C][H][W][16].
 */
public class DenseLayoutBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param({"lenet:conv2", "resnet18:layer1"})
  public String problem;

  private Im2col im2col;

  /** One, whatever the parameter says: the gathering of the peer has no more. */
  @Override
  int threads() {
    return 1;
  }

  @Override
  Rig rig(Context context, int images) {
    Conv2dShape all = Problems.conv2d(problem);
    Conv2dShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor src = rig.images("src", s.n(), s.c(), s.h(), s.w());
    Tensor weights = rig.plain("weights", s.o(), s.i(), s.kh(), s.kw());
    Tensor dst = rig.images("dst", s.n(), s.o(), s.oh(), s.ow());
    Tensor product = rig.images("product", s.n(), s.o(), s.oh(), s.ow());
    MaskedConv2d op = MaskedConv2d.bind(context, s).src(src).weights(weights).mask(null).dst(dst);
    Im2col peer = new Im2col(s, src.download(), weights.download());
    im2col = peer;
    long k = s.reductionLength();
    double flops = 2.0 * s.n() * s.o() * s.oh() * s.ow() * k;
    double bytes = 4.0 * s.n() * (s.c() * s.h() * s.w() + s.o() * s.oh() * s.ow());
    // The peer's result is compared too: on both contexts it has to be that of the kernel.
    return rig.call("blocked", op::forward, flops, bytes, k, dst)
        .call("im2col", () -> product.upload(peer.forward()), flops, bytes, k, product);
  }

  /** Our kernel, our layout. */
  @Benchmark
  public void blocked(Rate rate) {
    run("blocked", rate);
  }

  /** The peer. */
  @Benchmark
  public void im2col(Rate rate) {
    im2col.multiply();
    rate.count(im2col.flops(), im2col.bytes());
  }

  /** Rows of pixels are copied in runs where the stride is 1; the matrix product is OpenBLAS'. */
  private static final class Im2col {
    private final Conv2dShape s;
    private final float[] src;
    private final FloatBuffer weights;
    private final FloatBuffer columns; // [I * KH * KW, OH * OW] of one image
    private final FloatBuffer dst; // [N, O, OH, OW]
    private final float[] row;

    Im2col(Conv2dShape s, float[] src, float[] weights) {
      if (s.groups() != 1) {
        throw new IllegalArgumentException(s + ": im2col is for one group here");
      }
      this.s = s;
      this.src = src;
      this.weights = direct(weights.length).put(weights);
      columns = direct(s.reductionLength() * s.oh() * s.ow());
      dst = direct(s.n() * s.o() * s.oh() * s.ow());
      row = new float[s.ow()];
      blas_set_num_threads(1);
    }

    private static FloatBuffer direct(int floats) {
      return ByteBuffer.allocateDirect(floats * Float.BYTES)
          .order(ByteOrder.nativeOrder())
          .asFloatBuffer();
    }

    double flops() {
      return 2.0 * s.n() * s.o() * s.oh() * s.ow() * s.reductionLength();
    }

    double bytes() {
      return 4.0 * s.n() * (s.c() * s.h() * s.w() + s.o() * s.oh() * s.ow());
    }

    float[] forward() {
      multiply();
      float[] result = new float[dst.capacity()];
      dst.get(0, result);
      return result;
    }

    void multiply() {
      int pixels = s.oh() * s.ow();
      int k = s.reductionLength();
      for (int n = 0; n < s.n(); n++) {
        gather(n);
        FloatBuffer image = dst.slice(n * s.o() * pixels, s.o() * pixels);
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            s.o(),
            pixels,
            k,
            1,
            weights.rewind(),
            k,
            columns.rewind(),
            pixels,
            0,
            image,
            pixels);
      }
    }

    private void gather(int n) {
      int at = 0;
      for (int c = 0; c < s.c(); c++) {
        for (int kh = 0; kh < s.kh(); kh++) {
          for (int kw = 0; kw < s.kw(); kw++) {
            for (int oh = 0; oh < s.oh(); oh++, at += s.ow()) {
              gatherRow(
                  n,
                  c,
                  oh * s.strideH() - s.padH() + kh * s.dilationH(),
                  kw * s.dilationW() - s.padW());
              columns.put(at, row);
            }
          }
        }
      }
    }

    /** row[ow] = src[n, c, h, first + ow * stride], zero outside the image. */
    private void gatherRow(int n, int c, int h, int first) {
      boolean inside = h >= 0 && h < s.h();
      int base = inside ? s.srcIndex(n, c, h, 0) : 0;
      for (int ow = 0; ow < s.ow(); ow++) {
        int w = first + ow * s.strideW();
        row[ow] = inside && w >= 0 && w < s.w() ? src[base + w] : 0;
      }
    }
  }
}
