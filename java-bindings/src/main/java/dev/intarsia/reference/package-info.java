// SPDX-License-Identifier: Apache-2.0
/**
 * The definitions: what every op means, in plain loops on row-major float arrays with double
 * accumulators. Slow on purpose; they know Java and the shapes, nothing else.
 */
package dev.intarsia.reference;
