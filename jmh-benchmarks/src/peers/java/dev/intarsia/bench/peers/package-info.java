// SPDX-License-Identifier: Apache-2.0
/** What a JVM user would pick instead, behind the interface of the paired timings. */
package dev.intarsia.bench.peers;
