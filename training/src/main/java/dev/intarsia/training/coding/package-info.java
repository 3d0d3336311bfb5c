// SPDX-License-Identifier: Apache-2.0
/** Lossless coding of mask planes: what a task's masks cost in a pack. No file knows of it here. */
package dev.intarsia.training.coding;
