"""A new revision file, written by Alembic with the project's own template."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence

from alembic.autogenerate.api import RevisionContext
from alembic.runtime.environment import EnvironmentContext
from alembic.util import rev_id

from .channel import Channel
from .environment import make_config, script_directory
from .forward_only import without_downgrade
from .own_run import allow_only
from .redirect import Redirect

_ALEMBICS_OWN = "%(rev)s_%(slug)s"


class NothingWritten(RuntimeError):
    pass


def new(job: Dict[str, Any], channel: Channel) -> None:
    """Tell its path. ``job["file_template"]`` is for a project that has none of its own."""
    Redirect(job.get("place"), channel, redirect=job["project"]["redirect"]).install()
    config = make_config(job["project"], job["told"])
    command_line: Any = config.cmd_opts
    command_line.autogenerate = job["autogenerate"]  # env.py may look for it
    script = script_directory(config)
    if script.file_template == _ALEMBICS_OWN:
        script.file_template = job["file_template"]
    _write_forward_only(script)
    written: List[Any]
    if job["merge"]:
        written = [
            script.generate_revision(
                rev_id(), job["message"], refresh=True, head=list(job["merge"]), config=config
            )
        ]
    else:
        written = _generate(job, config, script)
    if not written:
        raise NothingWritten("env.py's process_revision_directives left no revision to write")
    channel.tell("written", path=os.path.abspath(written[-1].path))


def _generate(job: Dict[str, Any], config: Any, script: Any) -> List[Any]:
    left = dict.fromkeys(("branch_label", "version_path", "rev_id", "depends_on"))
    asked = {"message": job["message"], "head": job["head"], "autogenerate": job["autogenerate"]}
    revisions = RevisionContext(config, script, {**left, **asked, "sql": False, "splice": False})
    if job["autogenerate"]:
        _compare(config, script, revisions)
    return [one for one in revisions.generate_scripts() if one is not None]


def _write_forward_only(script: Any) -> None:
    """Between Alembic's writing of the file and the project's formatters (post_write_hooks)."""
    write = script._generate_template  # noqa: SLF001  the one place that writes

    def written(src: Any, dest: Any, **values: Any) -> None:
        if os.path.exists(dest):
            raise NothingWritten(f"there is a file {os.path.basename(dest)} already; choose another message")
        write(src, dest, **values)
        encoding = script.output_encoding
        with open(dest, encoding=encoding, newline="") as file:
            source = file.read()
        with open(dest, "w", encoding=encoding, newline="") as file:
            file.write(without_downgrade(source))

    script._generate_template = written  # noqa: SLF001


def _compare(config: Any, script: Any, revisions: Any) -> None:
    def compare(heads: Any, context: Any) -> Sequence[Any]:
        if context.opts.get("target_metadata") is None:
            raise NothingWritten("env.py gives no target_metadata to compare with")
        revisions.run_autogenerate(heads, context)
        return ()

    template = revisions.template_args
    allow_only(compare)
    with EnvironmentContext(
        config, script, fn=compare, as_sql=False, template_args=template, revision_context=revisions
    ):
        script.run_env()
