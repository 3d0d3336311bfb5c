// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.pack.PackedLayer;

/**
 * One shared parameter while a task is learned: which weights earlier tasks of the copy have taken,
 * which are the task's own, and the codebook of these. What is taken is never written. Not
 * thread-safe.
 */
public final class SharedLayer implements AutoCloseable {
  private final Parameter parameter;
  private final PlaneShape shape;
  private final int kernel;
  private final Mask own;
  private final int[] all; // mask words of every weight
  private int[] taken;
  private int[] reused; // taken weights of the task's mask
  private Codebook codebook;

  /** A layer of which nothing is taken. */
  public SharedLayer(Parameter parameter) {
    this.parameter = parameter;
    shape = new PlaneShape(parameter.rows(), parameter.cols());
    long[] dims = parameter.weights().dims();
    kernel = dims.length == 4 ? Math.toIntExact(dims[2] * dims[3]) : 1;
    own = Mask.empty(parameter.weights().context(), shape.rows(), shape.cols());
    own.setAll();
    all = own.words();
    own.clear();
    taken = own.words();
    reused = taken;
  }

  /**
   * Starts a task.
   *
   * @param words mask words of the weights that earlier tasks of its copy own
   */
  public void begin(int[] words) {
    taken = words;
    own.clear();
    dropCodebook();
    parameter.trainable().setWords(free());
    parameter.scores().hold(false);
  }

  /** Mask words of the weights that no task owns. */
  public int[] free() {
    int[] words = all.clone();
    for (int i = 0; i < words.length; i++) {
      words[i] &= ~taken[i];
    }
    return words;
  }

  /** Cuts the task's mask from its scores for good: what is free in it becomes its own. */
  public void closeMask() {
    parameter.scores().cutMask();
    parameter.scores().hold(true);
    int[] mask = parameter.visible().words();
    reused = mask.clone();
    for (int i = 0; i < mask.length; i++) {
      reused[i] &= taken[i];
      mask[i] &= ~taken[i];
    }
    own.setWords(mask);
  }

  /** Lets other free weights be the task's own; the mask follows. */
  void setOwn(int[] words) {
    own.setWords(words);
    int[] mask = words.clone();
    for (int i = 0; i < mask.length; i++) {
      mask[i] |= reused[i];
    }
    parameter.visible().setWords(mask);
  }

  /** The task's own weights; owned by this layer. */
  Mask own() {
    return own;
  }

  /** How many weights are the task's own. */
  public long owned() {
    return own.cardinality();
  }

  Parameter parameter() {
    return parameter;
  }

  PlaneShape shape() {
    return shape;
  }

  /** The codebook of the task's own weights, or null. */
  Codebook codebook() {
    return codebook;
  }

  void setCodebook(Codebook next) {
    dropCodebook();
    codebook = next;
  }

  private void dropCodebook() {
    if (codebook != null) {
      codebook.close();
      codebook = null;
    }
  }

  /** What the task stores of this layer. Its own weights are centres by now. */
  public PackedLayer pack() {
    int[] mask = parameter.visible().words();
    if (codebook == null) { // nothing of its own: no centres, no codes
      return new PackedLayer(parameter.name(), shape, kernel, mask, 1, new float[0], new byte[0]);
    }
    return new PackedLayer(
        parameter.name(),
        shape,
        kernel,
        mask,
        codebook.bits(),
        codebook.centres(),
        BitString.pack(codebook.codesOf(own.words()), codebook.bits()));
  }

  @Override
  public void close() {
    dropCodebook();
    own.close();
  }
}
