// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Finetune;
import dev.intarsia.training.methods.Joint;
import dev.intarsia.training.methods.WinningSubnetworks;
import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class TrainerTest {
  private final List<Task> tasks = TinyNet.tasks();

  /** Everything a listener is told, as text. */
  private static final class Log implements RunListener {
    final List<String> lines = new ArrayList<>();
    final List<Double> losses = new ArrayList<>();

    @Override
    public void taskStarted(int task, String name, int epochs, int stepsPerEpoch) {
      lines.add("task " + task + ": " + epochs + " epochs of " + stepsPerEpoch);
    }

    @Override
    public void stepDone(int task, int epoch, int step, double loss) {
      lines.add(task + "." + epoch + "." + step + (Double.isNaN(loss) ? "" : " read"));
      losses.add(loss);
    }
  }

  private <R> R withNet(BiFunction<Network, Log, R> body) {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 11)) {
      return body.apply(net, new Log());
    }
  }

  @Test
  void listenersHearEveryStepAndTheLossIsReadAsOftenAsAsked() {
    withNet(
        (net, log) -> {
          Method method = new Finetune(net, new Finetune.Config(2));
          method.learn(tasks.get(0), new Trainer(net, Adam.of(0.01, 0), 1, 100, log));
          // 36 images in batches of 20: two steps an epoch, the first and the last one read.
          assertEquals(
              List.of(
                  "task 0: 2 epochs of 2", "0.0.0 read", "0.0.1 read", "0.1.0 read", "0.1.1 read"),
              log.lines);
          return null;
        });
  }

  @Test
  void jointTrainingSeesEveryImageOfEverySeenTask() {
    withNet(
        (net, log) -> {
          Method method = new Joint(net, new Joint.Config(1));
          Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, log);
          method.learn(tasks.get(0), trainer);
          method.learn(tasks.get(1), trainer);
          assertTrue(log.lines.contains("task 1: 1 epochs of 4"), log.lines.toString());
          return null;
        });
  }

  @Test
  void trainingLearns() {
    withNet(
        (net, log) -> {
          Method method = new Finetune(net, new Finetune.Config(12));
          method.learn(tasks.get(0), new Trainer(net, Adam.of(0.01, 0), 1, 1, log));
          double first = log.losses.get(0);
          double last = log.losses.get(log.losses.size() - 1);
          assertTrue(last < first / 2, "loss went from " + first + " to " + last);
          return null;
        });
  }

  @Test
  void aWatchSeesEveryStepAndMayEndTheFit() {
    withNet(
        (net, log) -> {
          new Finetune(net, new Finetune.Config(1)).activate(tasks.get(0));
          int[] steps = {0};
          Trainer trainer = new Trainer(net, new Sgd(0.1, 0, 0, false), 1, 1, log);
          trainer.fit(
              tasks.get(0),
              9,
              new Trainer.Watch() {
                @Override
                public void stepDone() {
                  steps[0]++;
                }

                @Override
                public double epochDone(int done) {
                  return done == 2 ? 0 : 1e-30; // the second epoch learns nothing
                }
              });
          assertEquals(4, steps[0], "two epochs of two steps");
          float[] learned = net.shared().get(0).weights().download();
          trainer.fit(tasks.get(0), 1, new Trainer.Watch() {});
          assertFalse(Arrays.equals(learned, net.shared().get(0).weights().download()));
          return null;
        });
  }

  @Test
  void aSlowedFitMovesLess() {
    float[][] moved = new float[2][];
    for (int i = 0; i < 2; i++) {
      double factor = i == 0 ? 1 : 1e-30;
      moved[i] =
          withNet(
              (net, log) -> {
                new Finetune(net, new Finetune.Config(1)).activate(tasks.get(0));
                List<float[]> states = new ArrayList<>();
                new Trainer(net, new Sgd(0.1, 0, 0, false), 1, 1, log)
                    .fit(
                        tasks.get(0),
                        2,
                        new Trainer.Watch() {
                          @Override
                          public double epochDone(int done) {
                            states.add(net.shared().get(0).weights().download());
                            return factor;
                          }
                        });
                float[] change = states.get(1);
                for (int at = 0; at < change.length; at++) {
                  change[at] -= states.get(0)[at];
                }
                return change;
              });
    }
    assertFalse(Arrays.equals(moved[0], moved[1]));
    assertArrayEquals(new float[moved[1].length], moved[1], 1e-12f);
  }

  @Test
  void judgingAgreesWithEvaluating() {
    withNet(
        (net, log) -> {
          new Finetune(net, new Finetune.Config(1)).activate(tasks.get(0));
          Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, log);
          trainer.fit(tasks.get(0), 4);
          Trainer.Verdict verdict = trainer.judge(tasks.get(0));
          assertEquals(trainer.evaluate(tasks.get(0)), verdict.accuracy());
          assertTrue(verdict.loss() > 0 && verdict.loss() < 2, verdict.toString());
          return null;
        });
  }

  @Test
  void calibrationMovesRunningStatisticsAlone() {
    withNet(
        (net, log) -> {
          new Finetune(net, new Finetune.Config(1)).activate(tasks.get(0));
          Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, log);
          List<float[]> before = net.norms().stream().map(tensor -> tensor.download()).toList();
          float[] weights = net.shared().get(0).weights().download();
          trainer.calibrate(tasks.get(0), 0);
          assertArrayEquals(before.get(4), net.norms().get(4).download());
          trainer.calibrate(tasks.get(0), 9);
          assertArrayEquals(weights, net.shared().get(0).weights().download());
          for (int i = 0; i < before.size(); i++) {
            boolean statistic = i >= before.size() - 2; // one batch norm: mean and variance
            float[] now = net.norms().get(i).download();
            assertEquals(!statistic, Arrays.equals(before.get(i), now), "norm tensor " + i);
          }
          return null;
        });
  }

  @Test
  void theSeedDecidesEveryBit() {
    assertArrayEquals(trained(1), trained(1));
    assertFalse(Arrays.equals(trained(1), trained(2)));
  }

  private float[] trained(long seed) {
    return withNet(
        (net, log) -> {
          Method method = new WinningSubnetworks(net, new WinningSubnetworks.Config(1, 0.5));
          method.learn(tasks.get(0), new Trainer(net, Adam.of(0.01, 0), seed, 1, log));
          return net.shared().get(0).weights().download();
        });
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunWithARemedy() {
    withNet(
        (net, log) -> {
          Method method = new Finetune(net, new Finetune.Config(3));
          Trainer trainer = new Trainer(net, new Sgd(1e30, 0, 0, false), 1, 1, log);
          String message =
              assertThrows(IllegalStateException.class, () -> method.learn(tasks.get(0), trainer))
                  .getMessage();
          assertTrue(message.contains("lower the learning rate, now 1.0E30"), message);
          return null;
        });
  }

  @Test
  void theCurriculumExaminesTheUntrainedTheSeenAndTheNext() {
    withNet(
        (net, log) -> {
          Method method = new Finetune(net, new Finetune.Config(1));
          Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, log);
          AccuracyMatrix accuracy = new Curriculum(tasks, trainer, log).run(method);
          boolean[][] measured = new boolean[4][3];
          for (int row = 0; row < 4; row++) {
            for (int task = 0; task < 3; task++) {
              measured[row][task] = accuracy.measured(row, task);
            }
          }
          boolean[][] expected = {
            {true, true, true}, {true, true, false}, {true, true, true}, {true, true, true}
          };
          assertTrue(Arrays.deepEquals(expected, measured), accuracy.toString());
          return null;
        });
  }

  @Test
  void theLossIsReadAtLeastNow() {
    withNet(
        (net, log) -> {
          assertThrows(
              IllegalArgumentException.class, () -> new Trainer(net, Adam.of(0.01, 0), 1, 0, log));
          return null;
        });
  }
}
