"""One good body for every operation that takes one, with every field in it, so that each can be made bad."""

TICKET = {
    "type": "experiment",
    "title": "Good title",
    "hypothesis": "Half the context keeps accuracy.",
    "method": "Prompt only.",
    "baseline": [{"metric": "accuracy", "value": 0.72, "source": "production"}],
    "criteria": {"primary": ["accuracy >= 85%"], "kill": ["accuracy < 70% after training"]},
    "budget": {"gpu_hours": 24, "cost_usd": 500},
    "gpus": 2,
    "time_box_days": 10,
    "mode": "exploit",
    "axis": "prompt",
    "data_needs": [
        {
            "dataset": "adversarial-1k",
            "versions": "v2",
            "needed_by": "2026-05-12T09:00:00Z",
            "arrives": "2026-05-11 to 2026-05-12",
            "ready": False,
        }
    ],
    "looks": [3],
    "candidate": "a",
    "owner": "Jo",
    "priority": 2,
    "labels": ["x"],
    "kill_rules_off": ["plateau"],
    "kill_rule_values": {"over_budget_multiple": 3, "plateau_tolerance": 0.02, "gap": 0.2, "futility": 0.1},
    "trackers": [{"url": "https://tracker.example.org/#/experiments/7", "title": "Sweep"}],
    "spike": {"question": "", "deliverable": ""},
    "data": {"source": "", "volume": "", "arrives": ""},
    "engineering": {"model_version": "", "latency_percentile": 95},
    "feature": {"fallback": ""},
    "prediction": {
        "chance": 0.35, "effect": {"low": 0, "mid": 0.05, "high": 0.16}, "person_days": 4, "gpu_hours": 12, "training_days": 3,
        "evaluation_days": 2, "reward": 400,
        "cost_of_delay": {"business_value": 8, "time_criticality": 3, "risk_reduction": 5, "job_size": 2},
    },
    "place": {"rank": 1, "reason": "the regulator waits for it"},
}  # fmt: skip
STAGE = {"key": "backlog", "title": "Backlog", "wip_limit": 5, "exit_gate": ["agreed"], "gate_text": "x"}
SETTINGS = {
    "name": "Support chatbot",
    "board": {
        "stages": [STAGE, {"key": "done", "title": "Done", "terminal": True}],
        "transitions": [{"source": "backlog", "target": "done", "needs_reason": True}],
    },
    "commitments": {"experiments": 3, "product_tasks": 2},
    "time_zone": "Europe/Berlin",
    "verdicts": {
        "strictness": "bound",
        "alpha": 0.05,
        "ignored_parameters": ["output_dir"],
        "kill_rules": {
            "enabled": ["plateau"], "over_budget_multiple": 2, "plateau_tolerance": "0.01", "plateau_runs": 3, "gap": "0.15",
            "loss_metrics": ["train_loss"], "not_falling_after": 1,
        },
    },
}  # fmt: skip
BOARD_FILE = "columns:\n- {key: backlog, title: Backlog}\nmoves: []\n"
HISTORY = "ticket,from,to,at\nWEB-1,,Backlog,2026-03-02\nWEB-1,Backlog,Hypothesis,2026-03-04T10:00:00Z\n"
METRIC = {
    "direction": "higher",
    "unit": "fraction",
    "decimals": 2,
    "aliases": ["acc"],
    "description": "x",
    "reading": "best",
}
GATE = {
    "text": "gate: another\ncriteria: [accuracy >= 85%]\nchecks: [golden: {file: golden.csv}]\n",
    "name": "another",
    "files": [{"name": "golden.csv", "text": "q1\nq2\n"}],
}

SPRINT = {
    "name": "Sprint 7", "goal": "Know it.", "starts_on": "2026-05-25", "ends_on": "2026-06-07", "demo": "EXP-1",
    "capacity": {
        "person_days": {"available": "36.5", "percent": {"exploration": 35, "data": 25}},
        "gpu_hours": {"available": "120", "percent": {"exploration": 50}},
    },
}  # fmt: skip

BODIES = {
    "mark_inbox": {"read_up_to": 1, "who": "Jo"},
    "put_place": {"rank": 1, "reason": "the regulator waits for it"},
    "new_sprint": SPRINT,
    "patch_sprint": SPRINT,
    "begin_sprint": {"confirmed": False},
    "give_up_sprint": {"reason": "The team moved on."},
    "commit": {"tickets": ["EXP-1"], "confirmed": False},
    "release": {"reason": "x"},
    "extension": {"reason": "x"},
    "put_retro": {
        "went_well": "x", "to_change": "x", "data_and_tooling": "x", "improvement": "EXP-1", "kill_calls": {},
    },
    "improve": {"title": "Log the seed of every run"},
    "put_canvas": {"text": "objective: Answer\nsuccess: [accuracy >= 85%]\n"},
    "put_cadence": {"cadence": "scrumban"},
    "put_prices": {"prices": [{"device": "A100", "usd_per_hour": "2.10"}], "default_device": "A100"},
    "put_phase": {"document": {"phase": "convergence", "since": "2026-05-12", "gates": [{"question": "x", "by_sprint": 5}]}},
    "keep_choice": {"document": {"question": "Who reads?", "options": [{"name": "We", "route": "build"}]}},
    "break_feature_down": {"stages": ["baseline model"]},
    "new_project": {"slug": "another", "name": "Another", "template": "feature"},
    "put_saved_filter": {"filters": {"owner": "Jo", "blocked": "yes"}},
    "put_board_file": {"text": BOARD_FILE},
    "check_board_file": {"text": BOARD_FILE},
    "bring_in_history": {"text": HISTORY, "name": "moves.csv", "source": "jira"},
    "check_history": {"text": HISTORY, "name": "moves.csv", "source": "jira"},
    "draft_board": {"text": HISTORY, "name": "moves.csv", "ended": {"Hypothesis": "promoted"}, "waiting": "Backlog"},
    "configure_project": SETTINGS,
    "add_metric": {**METRIC, "name": "f1"},
    "put_metric": METRIC,
    "check_criterion": {"criterion": "accuracy >= 85%", "role": "primary"},
    "new_ticket": TICKET,
    "check_draft": TICKET,
    "put_ticket": {**TICKET, "amendment_reason": "x"},
    "patch_ticket": {**TICKET, "amendment_reason": "x"},
    "confirm": {"item": "agreed", "note": "x"},
    "new_note": {"text": "seen"},
    "new_blocker": {"category": "gpu_shortage", "text": "No A100 before Thursday", "owner": "Jo"},
    "new_snooze": {"rule": "plateau", "reason": "The learning rate was wrong until Monday.", "days": 7},
    "end_snooze": {"rule": "plateau"},
    "new_webhook": {"name": "chat", "url": "https://93.184.215.14/hook", "events": ["kill.suggested"], "form": "json"},
    "patch_webhook": {"url": "https://93.184.215.14/hook", "events": ["card.moved"], "form": "slack", "enabled": False, "new_secret": True},
    "retry_deliveries": {"delivery": "x"},
    "end_blocker": {"resolution": "Two were lent", "number": 1},
    "link": {"kind": "blocks", "other": "EXP-2"},
    "import_files": {
        "documents": [{"name": "a.yaml", "text": "title: x"}],
        "amendment_reason": "x",
        "leave_out_circles": True,
    },
    "bulk_edit": {
        "tickets": [{"key": "EXP-1", "version": 1}],
        "set": {"owner": "Jo", "priority": 1, "axis": "prompt", "mode": "explore"},
        "add_labels": ["x"],
        "remove_labels": ["y"],
    },
    "kill_stale_tickets": {
        "kills": [{"key": "EXP-1", "learnings": "We learned it.", "version": 1}],
        "reason": "Nobody took it up.",
    },
    "take_lineage_event": {
        "eventType": "FAIL",
        "eventTime": "2026-05-12T14:02:00Z",
        "run": {
            "runId": "3b452093-782c-4ef2-9c0c-aafe2aa6f34d",
            "facets": {
                "parent": {
                    "run": {"runId": "0176a8c2-fe01-7439-87e6-56a1a1b4029f"},
                    "job": {"namespace": "ml", "name": "nightly"},
                    "root": {"run": {"runId": "0176a8c2-fe01-7439-87e6-56a1a1b4029f"}, "job": {"namespace": "ml", "name": "nightly"}},
                },
                "tags": {"tags": [{"key": "assay.ticket", "value": "EXP-1", "source": "USER"}]},
                "errorMessage": {"message": "CUDA out of memory", "programmingLanguage": "python"},
                "airflow": {"taskInstance": {"log_url": "https://airflow.example.org/log"}},
            },
        },
        "job": {"namespace": "ml", "name": "train_model", "facets": {"jobType": {"integration": "AIRFLOW"}}},
    },
    "put_ticket_template": {"text": "type: spike\ntime_box_days: 3\n"},
    "undo_bulk_edit": {"first_seq": 1, "last_seq": 1},
    "move": {"to": "hypothesis", "before": "EXP-2", "reason": "x", "override_reason": ""},
    "record_decision": {"kind": "iterate", "learnings": "We learned it.", "reason": "x", "move": False},
    "add_source": {"kind": "mlflow", "uri": "sqlite:///none.db", "name": "other", "experiments": ["a"], "qualified": False},
    "attach": {"ticket": "EXP-1"},
    "new_gate": {**GATE, "reason": "x"},
    "check_gate_text": GATE,
    "put_gate": {"text": GATE["text"], "files": GATE["files"], "reason": "x"},
    "judge_ticket_runs": {"gate": "answers", "version": 1},
    "verify_against": {
        "checkpoints": [
            {
                "type": "assay/signed-checkpoint@1",
                "checkpoint": {
                    "type": "assay/checkpoint@1", "origin": "x", "size": 1, "root": "0" * 64, "head": "0" * 64,
                    "at": "2026-05-12T09:00:00.000000Z",
                },
                "key_id": "ed25519:" + "0" * 16,
                "signature": "0" * 128,
            }
        ]
    },
}  # fmt: skip
"""By operation id."""

OTHER_FORMS = {
    "import_document": ("import_files", {"documents": [{"name": "a.json", "document": TICKET}]}),
    "canvas_document": ("put_canvas", {"document": {"objective": "Answer", "success": ["accuracy >= 85%"]}}),
    "phase_text": ("put_phase", {"text": "phase: convergence\nsince: 2026-05-12\n"}),
    "time_box_of_new": ("new_ticket", {"title": "x", "time_box_sprints": 1}),
    "time_box_of_draft": ("check_draft", {"title": "x", "time_box_sprints": 1}),
    "time_box_put": ("put_ticket", {"title": "x", "time_box_sprints": 1}),
    "time_box_patched": ("patch_ticket", {"time_box_sprints": 1}),
    "choice_text": ("keep_choice", {"text": "question: Who reads?\noptions: [{name: We, route: build}]\n"}),
}
"""The same operations with their content written in the other way they take: text for data, data for text."""

SCORES = b"sample_id,seed,metric,value\n" + b"".join(b"q%d,1,accuracy,%d\n" % (n, n < 9) for n in range(10))
UPLOADS = {
    "judge_files": {
        "candidate": SCORES, "baseline": SCORES, "training": SCORES, "baseline_run": "1", "ticket": "EXP-1", "version": "1", "reader": "plain",
    },
    "attach_ticket_file": {"file": b"seen"},
}  # fmt: skip
"""The fields of every multipart form by operation id; files as bytes."""
