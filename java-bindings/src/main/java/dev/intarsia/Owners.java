// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.BitPlane;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Which task owns each weight of one layer: one byte per weight on the host, and the order in which
 * a task may take, give back and freeze weights.
 *
 * <p>Owner 0 is free; tasks count from 1 to 255, in order. A task either begins with all free
 * weights and prunes some of them (PackNet), or claims the free weights of its mask (WSN); then it
 * freezes.
 */
public final class Owners {
  /** The owner of a weight that no task has. */
  public static final int FREE = 0;

  /** Most tasks a layer can hold. */
  public static final int MAX_TASKS = 255;

  /** Where the current task stands. */
  public enum State {
    /** No task yet. */
    EMPTY,
    /** The task has every weight that was free. */
    TRAINING,
    /** The task has given weights back. */
    PRUNED,
    /** The task has the free weights of its mask. */
    CLAIMED,
    /** The task's weights are final. */
    FROZEN
  }

  private static final Set<State> BETWEEN_TASKS = EnumSet.of(State.EMPTY, State.FROZEN);

  private final PlaneShape shape;
  private final byte[] owners; // [rows, cols]
  private State state = State.EMPTY;
  private int current;

  /** All weights free. */
  public Owners(int rows, int cols) {
    shape = new PlaneShape(rows, cols);
    owners = new byte[shape.elements()];
  }

  /** Returns where the current task stands. */
  public State state() {
    return state;
  }

  /** Gives every free weight to a new task. */
  public void begin(int task) {
    startTask("begin", task, State.TRAINING);
    assign(FREE, task, index -> true);
  }

  /** Gives the free weights inside a mask to a new task; the others it only borrows. */
  public void claim(int task, Mask mask) {
    requireShape("claim", mask);
    boolean[] inside = BitPlane.bits(shape, mask.words());
    startTask("claim", task, State.CLAIMED);
    assign(FREE, task, index -> inside[index]);
  }

  /** Frees the task's weights outside a mask. */
  public void prune(int task, Mask kept) {
    requireShape("prune", kept);
    boolean[] inside = BitPlane.bits(shape, kept.words());
    requireState("prune", task, EnumSet.of(State.TRAINING));
    state = State.PRUNED;
    assign(task, FREE, index -> !inside[index]);
  }

  /** Makes the task's weights final. */
  public void freeze(int task) {
    requireState("freeze", task, EnumSet.of(State.TRAINING, State.PRUNED, State.CLAIMED));
    state = State.FROZEN;
  }

  /** Returns the owner of a weight, 0 when free. */
  public int owner(int row, int col) {
    if (row < 0 || row >= shape.rows() || col < 0 || col >= shape.cols()) {
      throw new IllegalArgumentException(
          "the weight is ["
              + row
              + ", "
              + col
              + "], the layer has ["
              + shape.rows()
              + ", "
              + shape.cols()
              + "]");
    }
    return Byte.toUnsignedInt(owners[row * shape.cols() + col]);
  }

  /** Returns the mask words of the weights that a task sees: owned by it or by an earlier one. */
  public int[] visible(int task) {
    requireTask(task);
    return words(owner -> owner >= 1 && owner <= task);
  }

  /** Returns the mask words of the weights that a task owns. */
  public int[] ownedBy(int task) {
    requireTask(task);
    return words(owner -> owner == task);
  }

  /** Returns the mask words of the weights that no task owns. */
  public int[] free() {
    return words(owner -> owner == FREE);
  }

  /** Returns how many weights a task owns; {@code count(FREE)} those that none does. */
  public long count(int task) {
    if (task != FREE) {
      requireTask(task);
    }
    long count = 0;
    for (byte owner : owners) {
      count += Byte.toUnsignedInt(owner) == task ? 1 : 0;
    }
    return count;
  }

  /** Returns a copy of the owners, [rows, cols], one unsigned byte each. */
  public byte[] toBytes() {
    return Arrays.copyOf(owners, owners.length);
  }

  private void startTask(String call, int task, State next) {
    requireTask(task);
    if (!BETWEEN_TASKS.contains(state)) {
      throw wrongState(call, task, BETWEEN_TASKS);
    }
    if (task <= current) {
      throw new IllegalStateException(
          call + "(task " + task + ") needs a task after " + current + ", the last one frozen");
    }
    current = task;
    state = next;
  }

  private void requireState(String call, int task, Set<State> allowed) {
    requireTask(task);
    if (!allowed.contains(state)) {
      throw wrongState(call, task, allowed);
    }
    if (task != current) {
      throw new IllegalStateException(
          call + "(task " + task + ") needs the current task, which is " + current);
    }
  }

  private IllegalStateException wrongState(String call, int task, Set<State> allowed) {
    String names = String.join(" or ", allowed.stream().map(State::name).toList());
    return new IllegalStateException(
        String.format(Locale.ROOT, "%s(task %d) needs state %s, was %s", call, task, names, state));
  }

  private static void requireTask(int task) {
    if (task < 1 || task > MAX_TASKS) {
      throw new IllegalStateException(
          "the task is " + task + ", expected 1 .. " + MAX_TASKS + "; an owner is one byte");
    }
  }

  private void requireShape(String call, Mask mask) {
    if (mask.rows() != shape.rows() || mask.cols() != shape.cols()) {
      throw new IllegalArgumentException(
          call + ": " + mask + ", expected [" + shape.rows() + ", " + shape.cols() + "]");
    }
  }

  private void assign(int from, int to, IntPredicate where) {
    for (int index = 0; index < owners.length; index++) {
      if (Byte.toUnsignedInt(owners[index]) == from && where.test(index)) {
        owners[index] = (byte) to;
      }
    }
  }

  private int[] words(IntPredicate wanted) {
    boolean[] bits = new boolean[owners.length];
    for (int index = 0; index < owners.length; index++) {
      bits[index] = wanted.test(Byte.toUnsignedInt(owners[index]));
    }
    return BitPlane.words(shape, bits);
  }
}
