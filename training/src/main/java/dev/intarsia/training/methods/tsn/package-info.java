// SPDX-License-Identifier: Apache-2.0
/** The steps of TinySubNets, one class each; {@code methods.TinySubNets} takes them in order. */
package dev.intarsia.training.methods.tsn;
