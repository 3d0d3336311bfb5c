// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.ActivationShape;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Upsample2dShape;
import dev.intarsia.internal.ffi.ita_activation_shape;
import dev.intarsia.internal.ffi.ita_conv2d_shape;
import dev.intarsia.internal.ffi.ita_linear_shape;
import dev.intarsia.internal.ffi.ita_plane_shape;
import dev.intarsia.internal.ffi.ita_pool2d_shape;
import dev.intarsia.internal.ffi.ita_upsample2d_shape;

/**
 * Copies a shape record into the shape of a native op; {@code block} is how many images a block of
 * its activations holds.
 */
public final class NativeShapes {
  private NativeShapes() {}

  public static void write(Conv2dShape s, int block, ita_conv2d_shape shape) {
    shape.n(s.n()).c(s.c()).h(s.h()).w(s.w());
    shape.o(s.o()).kh(s.kh()).kw(s.kw());
    shape.oh(s.oh()).ow(s.ow());
    shape.stride_h(s.strideH()).stride_w(s.strideW());
    shape.pad_h(s.padH()).pad_w(s.padW());
    shape.dilation_h(s.dilationH()).dilation_w(s.dilationW());
    shape.groups(s.groups()).block(block);
  }

  public static void write(LinearShape s, int block, ita_linear_shape shape) {
    shape.n(s.n()).i(s.i()).o(s.o()).block(block);
  }

  public static void write(Pool2dShape s, int block, ita_pool2d_shape shape) {
    shape.n(s.n()).c(s.c()).h(s.h()).w(s.w());
    shape.kh(s.kh()).kw(s.kw());
    shape.oh(s.oh()).ow(s.ow());
    shape.stride_h(s.strideH()).stride_w(s.strideW());
    shape.pad_h(s.padH()).pad_w(s.padW());
    shape.block(block);
  }

  public static void write(Upsample2dShape s, int block, ita_upsample2d_shape shape) {
    shape.n(s.n()).c(s.c()).h(s.h()).w(s.w());
    shape.scale_h(s.scaleH()).scale_w(s.scaleW()).block(block);
  }

  public static void write(ActivationShape s, int block, ita_activation_shape shape) {
    shape.n(s.n()).c(s.c()).h(s.h()).w(s.w()).block(block);
  }

  public static void write(PlaneShape s, ita_plane_shape shape) {
    shape.rows(s.rows()).cols(s.cols());
  }
}
