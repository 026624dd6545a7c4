#!/bin/sh
# Sixteen members of one run; a node that fails puts its member back into the queue.
# sbatch slurm.sh
#SBATCH --job-name=enroll-faces
#SBATCH --array=1-16
#SBATCH --requeue
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60

# keys and passwords: NCLOUD_*, ~/.pgpass, and REDIS_PASSWORD
. "$HOME/mi-async.env"
# in the place of the shell, so that SIGTERM reaches it a minute before the time is up
exec mi-async enroll-many /lustre/faces/people.parquet --workspace newsroom --grace 30 \
  --journal postgresql://media@db/media#faces --quota-store "redis://:$REDIS_PASSWORD@cache:6379/0"
