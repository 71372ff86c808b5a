"""Reports of crm_research that are due, looked for every five minutes.

When each report is made stands in schedules.yaml, with its own time zone: this DAG only calls. Copy it to the folder of
DAGs, and set CRM_RESEARCH_HOME where Airflow's workers run.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HOME = os.environ.get("CRM_RESEARCH_HOME", "/srv/crm-research")

with DAG(
    dag_id="crm_research_schedules",
    description="Makes the reports of crm_research that are due.",
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # Missed times are caught up by the command, once each.
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    tags=["crm_research"],
) as dag:
    BashOperator(
        task_id="run_due",
        bash_command=f"crm-research schedule run-due --file {HOME}/schedules.yaml",
        append_env=True,
        env={"CRM_RESEARCH_HOME": HOME},
        # What failed is tried again by a later call, as schedules.yaml says.
        retries=0,
    )
