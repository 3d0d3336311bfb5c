// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.Method;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.coding.ContextMasks;
import dev.intarsia.training.coding.HuffmanMasks;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is charged for a task, and what the meter of masks reads. */
class LedgerTest {
  private final Context context = Context.reference();
  private final Network net = TinyNet.build(context, 5);

  @BeforeEach
  void select() {
    net.selectHead(0, 2);
    net.selectNorms(0);
  }

  @AfterEach
  void close() {
    net.close();
    context.close();
  }

  @Test
  void codesOfEveryLayerStartOnAByte() {
    Ledger ledger = new Ledger(net);
    ledger.enter(0, new Ledger.Entry().codes(3, 3, 3, 8).codes(5, 9, 4, 11).replay(100));
    Footprint.Share share = ledger.footprint().perTask().get(0);
    assertEquals(2 + 3, share.terms().weights(), "9 bits take 2 bytes, 20 bits 3");
    assertEquals(4 * (8 + 11), share.terms().codebooks());
    assertEquals(100, share.terms().replay());
    assertEquals(0, share.terms().masks());
    assertEquals(net.sharedCount(), share.use().room());
    assertEquals(8, share.use().owned());
    assertEquals(12, share.use().selected());
    assertEquals(3 * 3 + 5 * Math.log(11) / Math.log(2), share.use().ownedBits(), 1e-9);
    assertEquals(3 * 3 + 9 * 4, share.use().selectedBits(), 1e-9);
  }

  @Test
  void laterTasksPayForTheirOwnNormsAndRoomAlone() {
    Ledger ledger = new Ledger(net);
    ledger.enter(0, new Ledger.Entry().floats(10, 10).ownerBits(9));
    ledger.enter(1, new Ledger.Entry().floats(1, 11));
    ledger.enter(2, new Ledger.Entry().floats(1, 1).ownNorms().ownCopy());
    List<Footprint.Share> shares = ledger.footprint().perTask();
    assertEquals(2, shares.get(0).terms().masks(), "9 bits take 2 bytes");
    assertEquals(0, shares.get(1).terms().norms());
    assertEquals(shares.get(0).terms().norms(), shares.get(2).terms().norms());
    assertEquals(0, shares.get(1).use().room());
    assertEquals(net.sharedCount(), shares.get(2).use().room());
  }

  @Test
  void theMeterReadsWhatTheCodersWrite() {
    MaskMeter meter = new MaskMeter(net);
    SplittableRandom random = new SplittableRandom(1);
    List<List<int[]>> planes = new ArrayList<>(); // [layer][task]
    net.shared().forEach(layer -> planes.add(new ArrayList<>()));
    long huffman = 0;
    for (int task = 0; task < 9; task++) {
      List<int[]> masks = new ArrayList<>();
      long coded = 0;
      long selected = 0;
      long weights = 0;
      for (int i = 0; i < planes.size(); i++) {
        Parameter layer = net.shared().get(i);
        PlaneShape shape = new PlaneShape(layer.rows(), layer.cols());
        int[] words = words(shape, random);
        long[] dims = layer.weights().dims();
        int kernel = dims.length == 4 ? (int) (dims[2] * dims[3]) : 1;
        coded += 8L * ContextMasks.encode(shape, kernel, planes.get(i), words).length;
        planes.get(i).add(words);
        masks.add(words);
        weights += shape.elements();
        for (int word : words) {
          selected += Integer.bitCount(word);
        }
      }
      MaskBits bits = meter.next(masks);
      assertEquals(coded, bits.coded());
      assertEquals(selected, bits.selected());
      assertEquals(weights, bits.weights());
      assertTrue(bits.given() <= bits.density() + 1e-9 && bits.density() <= weights);
      huffman += bits.huffman();
      if (task == 6 || task == 8) {
        assertEquals(huffmanBits(planes, 0, 7) + huffmanBits(planes, 7, task + 1), huffman);
      }
    }
  }

  private static int[] words(PlaneShape shape, SplittableRandom random) {
    int[] words = new int[shape.rows() * shape.wordsPerRow()];
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        if (random.nextInt(3) == 0) {
          words[row * shape.wordsPerRow() + col / 32] |= 1 << col % 32;
        }
      }
    }
    return words;
  }

  private long huffmanBits(List<List<int[]>> planes, int from, int to) {
    long bits = 0;
    for (int i = 0; from < to && i < planes.size(); i++) {
      Parameter layer = net.shared().get(i);
      PlaneShape shape = new PlaneShape(layer.rows(), layer.cols());
      bits += 8L * HuffmanMasks.encode(shape, planes.get(i).subList(from, to)).length;
    }
    return bits;
  }

  @Test
  void winningSubnetworksAreChargedTheirMasksAsCoded() {
    Method method = new WinningSubnetworks(net, new WinningSubnetworks.Config(1, 0.5));
    Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 5, 1, RunListener.SILENT);
    method.learn(TinyNet.tasks().get(0), trainer);
    Footprint.Share share = method.footprint().perTask().get(0);
    assertEquals((share.masks().coded() + 7) / 8, share.terms().masks());
    assertEquals(share.use().owned(), share.masks().selected(), "the first task owns its mask");
    assertEquals(4 * share.use().owned(), share.terms().weights());
  }
}
