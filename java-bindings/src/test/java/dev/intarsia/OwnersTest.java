// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class OwnersTest {
  private final Context context = Context.reference();
  private final Owners owners = new Owners(2, 3);

  @AfterEach
  void close() {
    context.close();
  }

  @Test
  void packNetTakesPrunesAndFreezes() {
    owners.begin(1);
    assertEquals(6, owners.count(1));
    owners.prune(1, mask(true, false, true, false, false, true));
    owners.freeze(1);
    assertEquals(Owners.State.FROZEN, owners.state());
    assertEquals(3, owners.count(1));
    assertEquals(3, owners.count(Owners.FREE));

    owners.begin(2);
    owners.prune(2, mask(true, true, true, true, false, true));
    assertEquals(1, owners.owner(0, 0)); // another task's weight is not pruned
    assertEquals(2, owners.owner(0, 1));
    assertArrayEquals(new int[] {0b101, 0b100}, owners.visible(1));
    assertArrayEquals(new int[] {0b111, 0b101}, owners.visible(2));
    assertArrayEquals(new int[] {0b010, 0b001}, owners.ownedBy(2));
    assertArrayEquals(new int[] {0b000, 0b010}, owners.free());
  }

  @Test
  void winningSubnetworksClaimOnlyFreeWeights() {
    owners.claim(1, mask(true, true, false, false, false, false));
    owners.freeze(1);
    owners.claim(2, mask(false, true, true, false, false, false));
    assertEquals(1, owners.owner(0, 1));
    assertEquals(2, owners.owner(0, 2));
    assertEquals(1, owners.count(2));
  }

  @Test
  void callsOutOfOrderNameTheState() {
    refused(
        "freeze(task 1) needs state TRAINING or PRUNED or CLAIMED, was EMPTY",
        () -> owners.freeze(1));
    owners.begin(1);
    refused("begin(task 2) needs state EMPTY or FROZEN, was TRAINING", () -> owners.begin(2));
    refused("freeze(task 2) needs the current task, which is 1", () -> owners.freeze(2));
    owners.freeze(1);
    Mask all = Mask.full(context, 2, 3);
    refused("prune(task 1) needs state TRAINING, was FROZEN", () -> owners.prune(1, all));
    refused("needs a task after 1", () -> owners.begin(1));
  }

  @Test
  void anOwnerIsOneByte() {
    refused("the task is 256, expected 1 .. 255", () -> owners.begin(256));
    refused("the task is 0", () -> owners.begin(0));
    owners.begin(255);
    assertEquals(255, owners.owner(1, 2));
    assertEquals(6, owners.count(255));
  }

  @Test
  void masksOfAnotherShapeAreRefusedBeforeAnythingChanges() {
    Mask other = Mask.full(context, 3, 2);
    assertThrows(IllegalArgumentException.class, () -> owners.claim(1, other));
    assertEquals(Owners.State.EMPTY, owners.state());
  }

  private Mask mask(boolean... bits) {
    return Mask.of(context, 2, 3, bits);
  }

  private static void refused(String part, Executable call) {
    String message = assertThrows(IllegalStateException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
