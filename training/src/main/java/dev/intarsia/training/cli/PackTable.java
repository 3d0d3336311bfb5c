// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackSizes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The bytes of a pack as aligned text, one task a row, one term a column. */
final class PackTable {
  private static final List<String> HEAD =
      List.of(
          "task",
          "codes",
          "codebooks",
          "masks",
          "head",
          "norms",
          "replay",
          "frame",
          "total",
          "of dense");

  private PackTable() {}

  /** Prints the table, an empty line before and after. */
  static void print(PrintWriter out, PackFile file) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEAD);
    PackSizes tasks = PackSizes.NONE;
    for (int task = 0; task < file.tasks(); task++) {
      tasks = tasks.plus(file.sizes(task));
      rows.add(row(task + " " + file.name(task), file.sizes(task), file.denseBytes()));
    }
    PackSizes all = file.sizes();
    rows.add(
        row(
            "manifest",
            new PackSizes(0, 0, 0, 0, 0, 0, all.total() - tasks.total()),
            file.denseBytes()));
    rows.add(row("all", all, file.denseBytes()));
    out.println();
    ResultTable.printRows(out, rows);
    out.println();
  }

  private static List<String> row(String name, PackSizes sizes, long dense) {
    Stream<String> terms =
        Stream.of(
                sizes.codes(),
                sizes.codebooks(),
                sizes.masks(),
                sizes.heads(),
                sizes.norms(),
                sizes.replay(),
                sizes.frame(),
                sizes.total())
            .map(Figures::bytes);
    String share = Figures.percent(dense == 0 ? Double.NaN : (double) sizes.total() / dense, 2);
    return Stream.of(Stream.of(name), terms, Stream.of(share)).flatMap(s -> s).toList();
  }
}
