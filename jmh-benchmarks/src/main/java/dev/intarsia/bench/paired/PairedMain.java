// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Context;
import dev.intarsia.Isa;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./intarsia bench [regex] --peers}: this library beside others, in the same rounds. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Times named problems against peers, in paired rounds, and writes a summary.")
public final class PairedMain implements Callable<Integer> {
  @Spec CommandLine.Model.CommandSpec spec;

  @Parameters(
      arity = "0..1",
      defaultValue = "",
      description = "Found in benchmark/problem/direction/nBATCH; all without it.")
  Pattern regex;

  @Option(names = "--peers", description = "Beside oneDNN, LibTorch, OpenBLAS and plain Java.")
  boolean peers;

  @Option(
      names = "--goals",
      description = "Only what the goals ask for, and a table of which are met.")
  boolean goals;

  @Option(names = "--json", paramLabel = "FILE", description = "JMH's JSON of every round.")
  Path json;

  @Option(names = "--summary", paramLabel = "FILE", description = "A JSON array of rows.")
  Path summary;

  @Option(names = "--compare", paramLabel = "FILE", description = "An earlier summary.")
  Path compare;

  @Option(names = "--html", paramLabel = "FILE", description = "A self-contained page.")
  Path html;

  @Option(names = "--markdown", paramLabel = "FILE", description = "Tables for the documents.")
  Path markdown;

  @Option(names = "--isa", description = "Hold all to avx512, avx2 or scalar; default: the best.")
  String isa;

  @Option(names = "--threads", defaultValue = "1", description = "CPU threads; default: 1.")
  int threads;

  @Option(
      names = "--seconds",
      defaultValue = "0.15",
      description = "A contender's time over all rounds; at least 5 rounds. Default: 0.15.")
  double seconds;

  @Option(names = "--list", description = "Name what the expression finds and stop.")
  boolean list;

  private PrintWriter out;

  /** Runs the command. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new PairedMain()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    out = spec.commandLine().getOut();
    List<Catalogue.Entry> entries =
        Catalogue.matching(regex).stream()
            .filter(entry -> !goals || Goals.needs(entry.id(), threads))
            .toList();
    if (entries.isEmpty()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "no problem matches '"
              + regex
              + (goals ? "' and a goal" : "'")
              + "; --list without an expression names them all");
    }
    if (list) {
      entries.forEach(entry -> out.println(entry.id()));
      return 0;
    }
    List<Row> before = compare == null ? List.of() : Summary.read(compare);
    Library.Settings settings = new Library.Settings(isa == null ? bestIsa() : isa, threads);
    List<Library> libraries = libraries(settings);
    try {
      Roofline roofline = new Roofline(settings.isa(), settings.threads());
      Machine machine = Machine.here(settings, roofline, libraries);
      out.println(machine.lines());
      write(machine, race(entries, libraries, settings, roofline), before);
    } finally {
      libraries.forEach(Library::close);
    }
    return 0;
  }

  private static String bestIsa() {
    try (Context context = Context.cpu()) {
      return context.isa();
    }
  }

  private List<Library> libraries(Library.Settings settings) {
    boolean known = List.of(Isa.values()).stream().anyMatch(i -> i.word().equals(settings.isa()));
    if (!known) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--isa is '" + settings.isa() + "', expected avx512, avx2 or scalar");
    }
    List<Library> libraries = new ArrayList<>(List.of(new Intarsia()));
    if (peers) {
      libraries.add(new PlainJava());
      ServiceLoader.load(Library.class).forEach(libraries::add);
      if (libraries.size() == 2) {
        throw new CommandLine.ParameterException(
            spec.commandLine(),
            "--peers needs the peers on the class path; ./intarsia bench --peers fetches them");
      }
    }
    libraries.forEach(library -> library.open(settings));
    return libraries;
  }

  private List<Timed> race(
      List<Catalogue.Entry> entries,
      List<Library> libraries,
      Library.Settings settings,
      Roofline roofline) {
    Race race = new Race(settings, roofline, seconds);
    List<Timed> all = new ArrayList<>();
    for (Catalogue.Entry entry : entries) {
      List<Timed> of = race.run(entry.make().get(), libraries);
      out.printf("%n%s%n", entry.id());
      of.forEach(timed -> out.println(timed.row().line()));
      out.flush();
      all.addAll(of);
    }
    return all;
  }

  private void write(Machine machine, List<Timed> all, List<Row> before) throws IOException {
    List<Row> rows = all.stream().map(Timed::row).toList();
    if (summary != null) {
      Summary.write(summary, rows);
    }
    List<Goals.Verdict> verdicts = goals ? Goals.judge(rows) : List.of();
    if (markdown != null) {
      Files.writeString(markdown, Markdown.of(machine, rows, verdicts));
    }
    if (html != null) {
      Files.writeString(html, Page.of(machine, rows, verdicts));
    }
    if (json != null) {
      JmhJson.write(json, all);
    }
    if (compare != null) {
      out.println();
      out.print(Summary.compare(before, rows));
    }
    if (goals) {
      out.print(Goals.text(verdicts));
    }
    out.flush();
  }
}
