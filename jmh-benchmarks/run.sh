#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: jmh-benchmarks/run.sh [regex] [JMH options]
#   jmh-benchmarks/run.sh MaskedConv2d -p problem=resnet18:conv1 -p implementation=avx2,avx512
exec "$(cd "$(dirname "$0")/.." && pwd)/intarsia" bench "$@"
