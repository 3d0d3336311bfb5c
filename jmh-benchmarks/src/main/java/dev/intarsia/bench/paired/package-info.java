// SPDX-License-Identifier: Apache-2.0
/** Timings beside each other: every round runs each contender once, so that noise hits all. */
package dev.intarsia.bench.paired;
