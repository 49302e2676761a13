#!/usr/bin/env bash
# A fit on several machines under Slurm: sbatch slurm.sh DATA FIT
#
# DATA is a file or folder that all machines see under the same path, with an outcome "y"; FIT is
# where the model file is written. On each machine one torchrun starts as many processes of one
# thread as the task has CPUs.
#
# To change: the lines of SBATCH (partition, account, time), the way in which your cluster gives
# a Python with pytwolayer, and the options of the fit. The number of all processes, nodes times
# cpus-per-task, has to divide --shards; the fit's bits depend on --shards alone.
#
#SBATCH --job-name=pytwolayer
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.log
#SBATCH --requeue
set -euo pipefail

data=$1 fit=$2
# module load python; source venv/bin/activate

# The processes meet at the first machine of the job. The port is the job's own, so that two jobs
# on one machine do not meet.
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))
export OMP_NUM_THREADS=1
# The interface of the fast network, where the machines' names do not lead to it:
# export GLOO_SOCKET_IFNAME=ib0

# Within the job, torchrun starts the processes anew when one of them dies, at most --max-restarts
# times. A job that a failing machine or preemption has cut off, Slurm queues again (--requeue);
# one that came to its limit of time, or failed, you submit again. In all cases the run goes on
# from its newest checkpoint, to the same bits.
srun --kill-on-bad-exit=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" torchrun \
  --nnodes="$SLURM_JOB_NUM_NODES" --nproc-per-node="$SLURM_CPUS_PER_TASK" \
  --rdzv-id="$SLURM_JOB_ID" --rdzv-backend=c10d --rdzv-endpoint="$first:$port" --max-restarts=3 \
  -m pytwolayer fit "$data" --outcome y --shards 8 --batch-size 8192 --epochs 5 --seed 1 \
  --checkpoint "checkpoints-$SLURM_JOB_NAME" --save "$fit"
