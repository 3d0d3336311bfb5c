// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.Isa;
import dev.intarsia.internal.ffi.Ita;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;

/**
 * Loads the native libraries on first use, once, and remembers why when it cannot. No linkage error
 * leaves this class.
 */
public final class Natives {
  private static final String FOLDER = "/dev/intarsia/";
  private static final int MESSAGE_BYTES = 512;

  private Natives() {}

  private static final class Cpu {
    static final String PROBLEM = load();

    private static String load() {
      try {
        Loader.load(Ita.class);
        int abi = Ita.ita_abi_version();
        if (abi != Ita.ITA_ABI_VERSION) {
          return "the native library has ABI "
              + abi
              + ", this jar needs "
              + Ita.ITA_ABI_VERSION
              + "; use jars of one version";
        }
        String expected = property("intarsia.properties", "build_id");
        String found = Ita.ita_build_id().getString();
        if (expected != null && !expected.equals(found)) {
          return "the native library that was loaded has build id "
              + found
              + ", the one on the class path "
              + expected
              + "; delete the JavaCPP cache at "
              + Loader.getCacheDir();
        }
        return null;
      } catch (LinkageError | IOException e) {
        Throwable cause = e.getCause() != null ? e.getCause() : e;
        return "no native library for " + platform() + ": " + cause.getMessage();
      }
    }
  }

  private static final class Cuda {
    static final String PROBLEM = load();

    private static String load() {
      if (Cpu.PROBLEM != null) {
        return Cpu.PROBLEM;
      }
      try {
        String available = property("intarsia_cuda.properties", "available");
        if (available == null) {
          return "intarsia-kernels-cuda is not on the class path";
        }
        if (!available.equals("true")) {
          return property("intarsia_cuda.properties", "reason");
        }
        URL library = resource(System.mapLibraryName("intarsia_cuda"));
        if (library == null) {
          return "intarsia-kernels-cuda holds no library for " + platform();
        }
        byte[] message = new byte[MESSAGE_BYTES];
        String path = Loader.cacheResource(library).getPath();
        int status = Ita.ita_cuda_open(path, message, message.length);
        return status == Ita.ITA_OK ? null : text(message);
      } catch (LinkageError | IOException e) {
        return String.valueOf(e.getMessage());
      }
    }
  }

  /** Returns why the CPU backend cannot run, or null when it can. */
  public static String cpuProblem() {
    return Cpu.PROBLEM;
  }

  /** Returns why the CUDA backend cannot run, or null when it can. */
  public static String cudaProblem() {
    return Cuda.PROBLEM;
  }

  /** Returns whether this machine runs an instruction set; false when the natives do not load. */
  public static boolean isaAvailable(Isa isa) {
    return Cpu.PROBLEM == null && Ita.ita_isa_available(isa.ordinal()) != 0;
  }

  /** Returns the hash of the sources of the loaded library. The CPU backend must be available. */
  public static String buildId() {
    return Ita.ita_build_id().getString();
  }

  /** Returns the architectures that the CUDA kernels on the class path were compiled for. */
  public static String cudaArchitectures() {
    try {
      return String.valueOf(property("intarsia_cuda.properties", "architectures"));
    } catch (IOException e) {
      return "unknown: " + e.getMessage();
    }
  }

  /** Returns a message that native code wrote, up to its terminating zero. */
  static String text(byte[] message) {
    int end = 0;
    while (end < message.length && message[end] != 0) {
      end++;
    }
    return new String(message, 0, end, StandardCharsets.UTF_8);
  }

  private static String property(String file, String key) throws IOException {
    URL url = resource(file);
    if (url == null) {
      return null;
    }
    try (InputStream in = url.openStream()) {
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty(key);
    }
  }

  private static URL resource(String file) {
    return Natives.class.getResource(FOLDER + Loader.getPlatform() + "/" + file);
  }

  private static String platform() {
    try {
      return Loader.getPlatform();
    } catch (LinkageError e) {
      return "an unknown platform";
    }
  }
}
