#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks on this machine's GPU all that this project says of one, and writes DIR/report.md; ends with 0 only if every step that
# ran passed. Needs the checkout and .gpukit (scripts/gpu-kit.sh makes it, here if there is none and a JDK and Maven are there).
#
# usage: scripts/gpu-check.sh [--emulated] [--quick] [--out DIR] [--only STEP,...] [--seconds N] [--list]
#   --emulated   on a device that g++ builds, without a GPU; needs a JDK 25 and Maven. Leaves out what only hardware can tell
#   --quick      shorter training, few benchmarks
#   --out DIR    for report.md, check.log, doctor.json, benchmarks.json (default: out/gpu-check)
#   --only       some of the steps that --list shows
#   --seconds N  end within N seconds; steps that do not fit are cut off or skipped, and count as failed
#
# Each step has a limit in seconds and none stops the others. A step is skipped where what it is about is not on the machine,
# PyTorch or compute-sanitizer say; that is no failure, but the report names it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
# shellcheck source=scripts/find-jdk.sh
. scripts/find-jdk.sh # find_jdk, die

emulated=no
quick=no
out=$root/out/gpu-check
only=
budget=86400
list=no
while [ $# -gt 0 ]; do
    case $1 in
        --emulated) emulated=yes ;;
        --quick) quick=yes ;;
        --list) list=yes ;;
        --out | --only | --seconds)
            [ $# -ge 2 ] || die "$1 needs a value."
            case $1 in
                --out) out=$2 ;;
                --only) only=,$2, ;;
                --seconds) budget=$2 ;;
            esac
            shift
            ;;
        -h | --help)
            sed -n '/^# usage/,/^#   --seconds/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "unknown argument '$1'; see scripts/gpu-check.sh --help." ;;
    esac
    shift
done
case $budget in '' | *[!0-9]*) die "--seconds takes a number, found '$budget'." ;; esac

# NAME LIMIT, in order.
if [ "$emulated" = yes ]; then
    steps='machine:30 kernels:1200 driver-lazy:900 driver-eager:900 emulated:1800 launcher:600 doctor:60 logits:300 training:600 grpo:900'
else
    steps='machine:60 java:900 doctor:120 fragments:120 conformance:600 models:300 reinforcement:300 logits:120 training:180
        grpo:600 bench-java:500 bench-torch:500 sanitizer:300'
fi
if [ "$list" = yes ]; then
    for step in $steps; do echo "${step%:*}"; done
    exit 0
fi
for name in ${only//,/ }; do
    case " ${steps//[$'\n']/ } " in *" $name:"*) ;; *) die "there is no step '$name'; --list shows them." ;; esac
done

mkdir -p "$out"
out=$(cd "$out" && pwd)
log=$out/check.log
: >"$log"
work=$(mktemp -d "${TMPDIR:-/tmp}/gpu-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
kit=$root/.gpukit
fake=$root/tensor/target/emulated-cuda
export PYTHONDONTWRITEBYTECODE=1 # into the checkout
deadline=0 # of the step under way, in $SECONDS

# --- what steps are made of ------------------------------------------------------------------------------------------------

skip() { # REASON - ends the step
    printf '%s\n' "$1" >"$work/note"
    exit 77
}

note() { printf '%s\n' "$1" >"$work/note"; } # a line for the report

limited() { # COMMAND... - within the step's limit
    local left=$((deadline - SECONDS))
    [ "$left" -gt 0 ] || left=1
    timeout -k 10 "$left" "$@"
}

java() { limited "$work/jre/bin/java" -Djacobian.home="$root" -Djacobian.testdata="$root/testdata" "$@"; }

jacobian() { # the command, from the kit or the launcher
    if [ "$emulated" = yes ]; then
        JACOBIAN_JAVA_OPTS="-Djacobian.cuda.libraries=$fake ${JACOBIAN_JAVA_OPTS:-}" limited ./jacobian "$@"
    else
        java -XX:+UseParallelGC -p "$kit/lib:$kit/jcuda" --add-modules jcuda,jcublas,java.logging \
            --enable-native-access=dev.jacobian.tensor,jcuda,jcublas -m dev.jacobian.cli/dev.jacobian.cli.Main "$@"
    fi
}

# Tests that hold on every device take it from jacobian.test.device; their names end in ConformanceTest,
# DeviceTest or GoldenModelsTest.
joined() { # PATH... - separated by colons
    local IFS=:
    printf '%s\n' "$*"
}
class_path() { joined "$kit"/{lib,jcuda,test,bench}/*.jar; }
console() { # OPTION... of JUnit's console launcher
    java -XX:MaxRAMPercentage=50 -XX:+UseParallelGC --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
        -Djacobian.gpu.real=true -Djacobian.test.device=cuda:0 -cp "$(class_path)" org.junit.platform.console.ConsoleLauncher execute \
        --disable-banner --disable-ansi-colors --details=tree --fail-if-no-tests "$@"
}
device_tests() { # CLASS-NAME-PATTERN MODULE...
    local code=0 pattern=$1 module jars=()
    shift
    for module; do jars+=("$kit/test/jacobian-$module-tests.jar"); done
    console --scan-class-path="$(joined "${jars[@]}")" --include-classname "$pattern" || code=$?
    [ "$code" -ne 2 ] || die "the kit has no such tests of $*; make it anew with scripts/gpu-kit.sh."
    return "$code"
}
on_device='^.*(Conformance|Device|GoldenModels)Test$'

maven_tests() { # EXECUTION OPTION...
    local execution=$1
    shift
    limited "${JACOBIAN_MVN:-mvn}" -B -q -Dstyle.color=never -Dchecks=off -Dtests=exhaustive \
        -Djacobian.gpu.emulation=required test-compile \
        "surefire:test@$execution" -Dsurefire.failIfNoSpecifiedTests=false "$@"
}

number() { sed -nE "s/.*\"$1\":([-+0-9.Ee]+).*/\1/p"; }

# --- the steps -------------------------------------------------------------------------------------------------------------

step_machine() {
    uname -srm
    grep -m 1 'model name' /proc/cpuinfo || true
    echo "$(nproc) processors"
    free -g || true
    if [ "$emulated" = yes ]; then
        command -v g++ >/dev/null || die "no g++ on the PATH; install it (apt install g++)."
        g++ --version | head -n 1
        note "$(nproc) processors, $(g++ --version | head -n 1)"
        return
    fi
    command -v nvidia-smi >/dev/null || die "no nvidia-smi: is the driver installed?"
    limited nvidia-smi
    limited nvidia-smi --query-gpu=clocks.sm,clocks.max.sm,power.draw,power.limit,ecc.mode.current --format=csv || true
    nvcc --version 2>/dev/null | tail -n 2 || true
    limited python3 -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)' || true
    note "$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader | tr '\n' ';')"
}

step_java() {
    [ -f "$kit/jre.tar.xz" ] || scripts/gpu-kit.sh
    # Not every machine has xz; one with PyTorch has Python.
    tar -C "$work" -xJf "$kit/jre.tar.xz" 2>/dev/null ||
        python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$kit/jre.tar.xz" "$work"
    java -Xshare:dump >/dev/null # half a second less for each start
    java -version
    note "kit of $(date -u -r "$kit/jre.tar.xz" '+%Y-%m-%d %H:%M') UTC"
}

step_doctor() {
    jacobian doctor --json >"$out/doctor.json"
    cat "$out/doctor.json"
    grep -q '"gpu_usable":true' "$out/doctor.json" || die "doctor says that no GPU can be used; see doctor.json."
    note "$(sed -E 's/.*"cublas":\{"file":"([^"]*)","version":"([^"]*)"\}.*/cuBLAS \2, \1/' "$out/doctor.json")"
}

step_fragments() { device_tests '^.*\.FragmentDeviceTest$' tensor; }
step_conformance() { device_tests "$on_device" tensor autograd; }
step_models() { device_tests "$on_device" transformer; }
step_reinforcement() { device_tests "$on_device" rl cli; }

step_kernels() { maven_tests cuda-kernels -pl testing,tensor; }
step_driver-lazy() { maven_tests cuda-emulated-lazy -pl testing,tensor; }
step_driver-eager() { maven_tests cuda-emulated-eager -pl testing,tensor; }
step_emulated() { # in every module that has such tests
    local module modules=
    for module in tensor autograd transformer rl cli; do
        ! grep -q '<id>cuda-device</id>' "$module/pom.xml" || modules="$modules${modules:+,}$module"
    done
    [ -n "$modules" ] || die "no module has the execution cuda-device."
    maven_tests cuda-device -pl testing,tensor,autograd,io,parquet,transformer,rl,cli -Dtest='*ConformanceTest,*DeviceTest,GoldenModelsTest'
    note "$modules"
}

step_launcher() {
    [ -d "$fake" ] || die "$fake is not there; the step driver-lazy makes it."
    [ -d .jcuda ] || scripts/gpu-libs.sh -o || scripts/gpu-libs.sh
    jacobian --version
}

# F32 on the device has the CPU's numbers but for the order of sums: 1e-5 is what the project promises.
step_logits() {
    command -v python3 >/dev/null || skip 'no python3, which compares the files'
    local model device worst=
    echo '[[5, 9, 17, 33, 65, 2, 40, 7, 8, 77, 3, 1, 19, 20, 21, 22], [11, 4, 90], [6]]' >"$work/ids.json"
    for model in llama-gqa qwen2-sharded qwen3 mistral-swa-f16; do
        for device in cpu cuda; do
            jacobian logits --device "$device" --model "testdata/models/$model" --input-ids "$work/ids.json" \
                --labels "$work/ids.json" --hidden-states --gradients --out "$work/$model.$device.safetensors"
        done
        python3 scripts/compare-safetensors.py "$work/$model.cpu.safetensors" "$work/$model.cuda.safetensors" 1e-5 | tee "$work/compared"
        worst="$worst$model $(sed 's/.*is \([0-9.e+-]*\),.*/\1/' "$work/compared"); "
    done
    note "largest relative difference from the CPU: ${worst%; }"
}

step_training() {
    command -v python3 >/dev/null || skip 'no python3, which compares the files'
    local device steps=20
    [ "$emulated$quick" = nono ] || steps=3
    for device in cpu cuda; do
        jacobian sft --device "$device" --steps "$steps" --batch-size 4 --seed 7 --set warmup_steps=0 --learning-rate 1e-4 \
            --out "$work/sft-$device"
    done
    # AdamW divides gradients by their own size, so weights whose gradient is rounding noise may move either way by the
    # learning rate: 1e-4 of weights of size 0.1, in few of them.
    python3 scripts/compare-safetensors.py "$work/sft-cpu/model.safetensors" "$work/sft-cuda/model.safetensors" 1e-4 | tee "$work/compared"
    note "after $steps steps: $(tail -n 1 "$work/compared")"
}

step_grpo() {
    local result least=0.25 arguments=()
    if [ "$emulated" = yes ]; then
        least=-1
        arguments=(--steps 2 --prompts 2 --group-size 4 --set eval_problems=2 --set final_eval_problems=4 --set max_completion_length=16)
    elif [ "$quick" = yes ]; then
        least=-0.05 # not worse than the noise of the evaluation
        arguments=(--steps 10)
    fi
    jacobian rl --device cuda --json --out "$work/rl" ${arguments[@]+"${arguments[@]}"} | tee "$work/rl.json"
    result=$(tail -n 1 "$work/rl.json")
    [ -s "$work/rl/report.html" ]
    awk -v before="$(number 'pass@1_before' <<<"$result")" -v after="$(number 'pass@1_after' <<<"$result")" \
        -v difference="$(number sampling_logp_difference_max <<<"$result")" -v least="$least" 'BEGIN {
        if (before == "" || after == "" || difference == "") { print "the result lacks a figure"; exit 1 }
        if (after - before < least) { print "pass@1 rose by less than " least; exit 1 }
        # One engine samples and trains: only a GPU whose products change with the batch makes a difference at all.
        if (difference > 0.01) { print "sampler and trainer differ by " difference; exit 1 }
    }'
    note "pass@1 $(number 'pass@1_before' <<<"$result") to $(number 'pass@1_after' <<<"$result") in $(number seconds <<<"$result") s; sampler and trainer differ by $(number sampling_logp_difference_max <<<"$result")"
}

step_bench-java() {
    # A jar names its entries in plain bytes.
    grep -q dev/jacobian/jmh/gpu/GpuBench.class "$kit"/bench/jacobian-jmh-*.jar || skip 'the kit has no GPU benchmarks'
    local arguments=(--json "$work/java.json")
    [ "$quick" = no ] || arguments+=(--quick)
    java -XX:MaxRAMPercentage=60 -XX:+UseParallelGC -Djacobian.bench.root="$root" --add-modules jdk.incubator.vector \
        --enable-native-access=ALL-UNNAMED \
        -cp "$(class_path)" dev.jacobian.jmh.gpu.GpuBench "${arguments[@]}"
}

step_bench-torch() {
    limited python3 -c 'import torch; torch.cuda.init()' || skip 'no PyTorch with CUDA'
    local peer failed=
    local arguments=()
    [ "$quick" = no ] || arguments=(--quick)
    # One after the other, the cheap ones first; a failure of one does not cost the others.
    for peer in matmul attention train_step generate grpo; do
        limited python3 "jmh/src/peers/python/$peer.py" --json "$work/torch-$peer.json" ${arguments[@]+"${arguments[@]}"} ||
            failed="$failed $peer"
    done
    [ -z "$failed" ] || die "failed:$failed"
}

step_sanitizer() {
    local sanitizer
    sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1) || true
    [ -n "$sanitizer" ] || skip 'no compute-sanitizer'
    local tool tools='memcheck racecheck'
    [ "$quick" = no ] || tools=memcheck
    for tool in $tools; do
        # The JVM uses signals of its own, and only the kernels are of interest.
        limited "$sanitizer" --tool "$tool" --error-exitcode 99 --target-processes all "$work/jre/bin/java" -Xmx4g \
            -Djacobian.home="$root" -Djacobian.testdata="$root/testdata" -Djacobian.gpu.real=true -Djacobian.test.device=cuda:0 --add-modules jdk.incubator.vector \
            --enable-native-access=ALL-UNNAMED -cp "$(class_path)" org.junit.platform.console.ConsoleLauncher execute \
            --disable-banner --disable-ansi-colors --details=summary --fail-if-no-tests \
            --scan-class-path="$kit/test/jacobian-tensor-tests.jar" \
            --include-classname '^.*\.(FragmentDevice|ElementwiseConformance|AttentionConformance)Test$'
    done
    note "$tools"
}

# --- running them ----------------------------------------------------------------------------------------------------------

# Of what a failed step printed: the first line that looks like a reason, or else the last one.
reason() {
    local printed
    printed=$(sed 's/\x1b\[[0-9;]*m//g' "$work/step.log" 2>/dev/null | grep -v '^[[:space:]]*$' || true)
    grep -m 1 -E '^\[ERROR\]|error:|Error:|Exception|^gpu-[a-z]*\.sh: |differs by' <<<"$printed" || tail -n 1 <<<"$printed"
}

: >"$work/rows"
failures=0
run_step() { # NAME LIMIT
    local name=$1 limit=$2 start=$SECONDS left=$((budget - SECONDS)) code=0 verdict text
    case $only in '' | *",$name,"*) ;; *)
        case $name in java | launcher) ;; *) return 0 ;; esac # the others need them
        ;;
    esac
    [ "$limit" -le "$left" ] || limit=$left
    : >"$work/note"
    printf '%-14s ' "$name" >&2
    printf '\n=== %s\n' "$name" >>"$log"
    if [ "$limit" -le 0 ]; then
        code=124
    else
        deadline=$((SECONDS + limit))
        # Not under `if` or `||`: there bash ignores -e in everything that the step calls.
        set +e
        (
            set -e
            "step_$name"
        ) >"$work/step.log" 2>&1 </dev/null
        code=$?
        set -e
        cat "$work/step.log" >>"$log"
    fi
    case $code in
        0) verdict=passed ;;
        77) verdict=skipped ;;
        124 | 137) verdict='FAILED (time)' ;;
        *) verdict=FAILED ;;
    esac
    text=$(head -c 300 "$work/note" | tr '\n|' ' /' | sed 's/[; ]*$//')
    case $verdict in FAILED*)
        failures=$((failures + 1))
        [ -n "$text" ] || text="$(reason | cut -c 1-250 | tr '|' '/')"
        ;;
    esac
    printf '%s  %d s  %s\n' "$verdict" $((SECONDS - start)) "$text" >&2
    printf '| %s | %s | %d s | %s |\n' "$name" "$verdict" $((SECONDS - start)) "$text" >>"$work/rows"
}
for step in $steps; do run_step "${step%:*}" "${step#*:}"; done

# --- the report ------------------------------------------------------------------------------------------------------------

if compgen -G "$work/torch-*.json" >/dev/null || [ -s "$work/java.json" ]; then
    python3 jmh/src/peers/python/compare.py --out "$out/benchmarks.json" "$work"/java.json "$work"/torch-*.json \
        >"$work/benchmarks.md" 2>>"$log" || echo 'The benchmarks could not be put side by side; see check.log.' >"$work/benchmarks.md"
fi
{
    echo '# GPU check'
    echo
    echo "$(date -u '+%Y-%m-%d %H:%M') UTC, commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)$([ "$emulated" = no ] || echo ', on the emulated device: nothing here was measured on hardware')."
    echo
    echo '| step | result | time | |'
    echo '| --- | --- | --- | --- |'
    cat "$work/rows"
    if [ -s "$work/benchmarks.md" ]; then
        echo
        cat "$work/benchmarks.md"
    fi
    echo
    if [ "$failures" -eq 0 ]; then echo 'Everything that ran passed.'; else echo "$failures failed."; fi
} >"$out/report.md"
find . -maxdepth 2 -name 'hs_err_pid*.log' -newer "$work/rows" -exec cp {} "$out/" \; 2>/dev/null || true
echo "The report is $out/report.md" >&2
[ "$failures" -eq 0 ]
