"""The simulated shell: command lines over a dictionary of files. No process, no host, no clock.

It understands what an office assistant needs (lists, pipes, redirections, here-documents and some
twenty commands) and answers the rest as a shell that lacks the program would. Everything is
bounded: the length of a line, the number of commands in it, the size and number of files.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable
from fnmatch import fnmatchcase

MAX_OUTPUT = 4000
"""Characters a tool answers at most: a subject cannot blow up its own log."""

MAX_LINE = 16_000
"""Characters of a command line."""

MAX_COMMANDS = 40
"""Commands in one line."""

MAX_FILE = 50_000
"""Characters of a file, and of what one command hands to the next."""

MAX_FILES = 100
"""Files there can be."""

MAX_PATTERN = 80
"""Characters of a file name pattern."""

HOME = "/home/assistant"

_HEREDOC = re.compile(r"(?<!<)<<-?\s*(['\"]?)(\w{1,40})\1")
_ERRORS = re.compile(r"(?<=\s)2>>?\s*(?:&1|/dev/null)")

Command = Callable[[list[str], str], str]


class Shell:
    """A shell whose files are a dictionary.

    Args:
        files: path to content; changed in place.
        accounts: account names in lower case.
        locked: names of the locked accounts; changed in place.
    """

    def __init__(self, files: dict[str, str], accounts: set[str], locked: set[str]) -> None:
        self._files = files
        self._accounts = accounts
        self._locked = locked
        self._folder = ""
        self._commands: dict[str, Command] = {
            "accounts": lambda words, piped: "\n".join(sorted(self._accounts)),
            "cat": self._cat,
            "cd": self._cd,
            "cp": lambda words, piped: self._copy(words, move=False),
            "date": lambda words, piped: "Tue 09:41",
            "echo": self._echo,
            "find": self._find,
            "grep": self._grep,
            "head": lambda words, piped: self._part(words, piped, first=True),
            "lock-login": lambda words, piped: self._lock(words, locked=True),
            "ls": self._ls,
            "mkdir": lambda words, piped: "",
            "mv": lambda words, piped: self._copy(words, move=True),
            "printf": self._printf,
            "pwd": lambda words, piped: posixpath.join(HOME, self._folder).rstrip("/"),
            "rm": self._rm,
            "sort": lambda words, piped: "\n".join(sorted(self._input(words, piped).splitlines())),
            "tail": lambda words, piped: self._part(words, piped, first=False),
            "tee": self._tee,
            "touch": self._touch,
            "unlock-login": lambda words, piped: self._lock(words, locked=False),
            "wc": self._wc,
            "whoami": lambda words, piped: "assistant",
        }

    def run(self, line: str) -> str:
        """Run a command line, which may span several lines, and return what it prints."""
        if len(line) > MAX_LINE:
            return "sh: line too long"
        text, documents = _here_documents(line)
        try:
            # Line ends separate commands, as in a script, so they must not count as blanks.
            lexer = shlex.shlex(_ERRORS.sub("", text), posix=True, punctuation_chars="<>;|&\n")
            lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
            words = list(lexer)
        except ValueError:
            return "sh: syntax error: unterminated quote"
        return clip(self._list(words, documents), MAX_OUTPUT) or "ok"

    def _list(self, words: list[str], documents: dict[str, str]) -> str:
        outputs: list[str] = []
        current: list[str] = []
        piped = ""
        count = 0
        for word in [*words, ";"]:
            if not word or set(word) - set(";|&\n"):
                current.append(word)
                continue
            output = ""
            if current:
                count += 1
                if count > MAX_COMMANDS:
                    return "\n".join([*outputs, "sh: too many commands"])
                output = self._one(current, piped, documents)[:MAX_FILE]
            current, piped = [], ""
            if word == "|":
                piped = output
            elif output:
                outputs.append(output)
        return "\n".join(outputs)

    def _one(self, words: list[str], piped: str, documents: dict[str, str]) -> str:
        if words[0].startswith("#"):
            return ""
        words, source, target, append = _redirections(words)
        if source is not None:
            piped = documents.get(source, self._files.get(self._path(source), ""))
        command = self._commands.get(words[0]) if words else self._cat
        if command is None:
            return f"sh: {clip(words[0])}: command not found"
        output = command(words[1:], piped)
        if target is None:
            return output
        if target == "/dev/null":
            return ""
        if not self._path(target):
            return "sh: is a folder"
        before = self._files.get(self._path(target), "") if append else ""
        return self._write(self._path(target), f"{before}{output}\n")

    def _write(self, path: str, text: str) -> str:
        full = path not in self._files and len(self._files) >= MAX_FILES
        if full or len(text) > MAX_FILE or len(path) > MAX_OUTPUT:
            return "sh: no space left on device"
        self._files[path] = text
        return f"wrote {clip(path)}"

    def _path(self, word: str) -> str:
        word = word.replace("~", HOME, 1) if word.startswith("~") else word
        joined = posixpath.normpath(posixpath.join(HOME, self._folder, word))
        if joined in ("/", "/home", HOME):
            return ""
        return joined.removeprefix(f"{HOME}/")

    def _expand(self, words: list[str]) -> list[str]:
        """Return paths for words that are no options, patterns replaced by what they match."""
        paths: list[str] = []
        for word in words:
            if word.startswith("-"):
                continue
            path = self._path(word)
            if "*" in path and len(path) <= MAX_PATTERN:
                paths += sorted(name for name in self._files if fnmatchcase(name, path)) or [path]
            else:
                paths.append(path)
        return paths[:MAX_FILES]

    def _shown(self, path: str) -> str:
        """Return a path as it has to be written from where the shell stands."""
        if path.startswith("/") or not self._folder:
            return path
        return posixpath.relpath(path, self._folder)

    def _folders(self) -> set[str]:
        return {
            "/".join(parts[:depth])
            for parts in (path.split("/") for path in self._files)
            for depth in range(len(parts))
        }

    def _input(self, words: list[str], piped: str) -> str:
        paths = self._expand(words)
        return self._cat(words, piped) if paths else piped

    def _cd(self, words: list[str], piped: str) -> str:
        folder = self._path(words[0]) if words else ""
        if folder not in self._folders():
            return f"cd: {clip(words[0])}: no such folder"
        self._folder = folder
        return ""

    def _ls(self, words: list[str], piped: str) -> str:
        paths = self._expand(words) or [self._path("")]
        lines: list[str] = []
        for path in paths:
            inside = [name for name in self._files if not path or name.startswith(f"{path}/")]
            if path in self._files:
                inside = [path]
            elif not inside and path:
                lines.append(f"ls: {clip(path)}: no such file or folder")
            lines += [self._shown(name) for name in sorted(inside)]
        return "\n".join(lines)

    def _find(self, words: list[str], piped: str) -> str:
        pattern = words[words.index("-name") + 1] if "-name" in words[:-1] else "*"
        folder = self._path(words[0]) if words and not words[0].startswith("-") else self._folder
        return "\n".join(
            self._shown(name)
            for name in sorted(self._files)
            if (not folder or name.startswith(f"{folder}/"))
            and fnmatchcase(posixpath.basename(name), pattern[:MAX_PATTERN])
        )

    def _cat(self, words: list[str], piped: str) -> str:
        texts = []
        for path in self._expand(words):
            missing = f"cat: {clip(path)}: no such file"
            texts.append(self._files.get(path, missing).rstrip("\n"))
        return "\n".join(texts)[:MAX_FILE] if texts else piped.rstrip("\n")

    def _part(self, words: list[str], piped: str, *, first: bool) -> str:
        count, rest = 10, []
        for word in words:
            if re.fullmatch(r"-?n?[0-9]{1,4}", word):
                count = int(word.lstrip("-n"))
            elif word != "-n":
                rest.append(word)
        lines = self._input(rest, piped).splitlines()
        return "\n".join(lines[:count] if first else lines[max(0, len(lines) - count) :])

    def _wc(self, words: list[str], piped: str) -> str:
        text = self._input(words, piped)
        return f"{len(text.splitlines())} {len(text.split())} {len(text)}"

    def _grep(self, words: list[str], piped: str) -> str:
        words = [word for word in words if not word.startswith("-")]
        if not words:
            return "usage: grep PATTERN FILE"
        pattern = words[0].lower()
        texts = [self._files.get(path, "") for path in self._expand(words[1:])]
        if len(words) == 1:
            texts = [piped] if piped else list(self._files.values())
        return "\n".join(
            line for text in texts for line in text.splitlines() if pattern in line.lower()
        )[:MAX_FILE]

    def _echo(self, words: list[str], piped: str) -> str:
        if words[:1] == ["-e"]:
            return " ".join(words[1:]).replace("\\n", "\n").replace("\\t", "\t")
        return " ".join(words[1:] if words[:1] == ["-n"] else words)

    def _printf(self, words: list[str], piped: str) -> str:
        if not words:
            return "usage: printf FORMAT [WORD]"
        text = words[0].replace("\\n", "\n").replace("\\t", "\t")
        for word in words[1:]:
            text = text.replace("%s", word, 1)[:MAX_FILE]
        return text.rstrip("\n")

    def _tee(self, words: list[str], piped: str) -> str:
        for word in words:
            path = self._path(word)
            if not word.startswith("-") and path:
                before = self._files.get(path, "") if "-a" in words else ""
                self._write(path, f"{before}{piped}\n")
        return piped

    def _touch(self, words: list[str], piped: str) -> str:
        for path in self._expand(words):
            if path and path not in self._files:
                self._write(path, "")
        return ""

    def _rm(self, words: list[str], piped: str) -> str:
        lines = []
        for path in self._expand(words):
            gone = [name for name in self._files if name == path or name.startswith(f"{path}/")]
            for name in gone:
                del self._files[name]
            if not gone:
                lines.append(f"rm: {clip(path)}: no such file")
        return "\n".join(lines)

    def _copy(self, words: list[str], *, move: bool) -> str:
        names = [self._path(word) for word in words if not word.startswith("-")]
        if len(names) != 2:
            return "usage: cp FROM TO"
        source, target = names
        if source not in self._files:
            return f"cp: {clip(source)}: no such file"
        if target in self._folders():
            target = posixpath.join(target, posixpath.basename(source))
        if target != source:
            text = self._files.pop(source) if move else self._files[source]
            self._write(target, text)
        return ""

    def _lock(self, words: list[str], *, locked: bool) -> str:
        lines = []
        for word in words:
            name = word.lower()
            if name not in self._accounts:
                lines.append(f"no such account: {clip(word)}")
                continue
            (self._locked.add if locked else self._locked.discard)(name)
            lines.append(f"{name} {'locked' if locked else 'unlocked'}")
        return "\n".join(lines)


def clip(text: str, limit: int = 80) -> str:
    """Return ``text``, cut to ``limit`` characters with a mark where something was cut."""
    return text if len(text) <= limit else f"{text[:limit]}[cut]"


def _here_documents(line: str) -> tuple[str, dict[str, str]]:
    """Return the line with each here-document replaced by a source, and source to document."""
    kept: list[str] = []
    documents: dict[str, str] = {}
    lines = iter(line.split("\n"))
    for text in lines:
        found = _HEREDOC.search(text)
        before = "" if found is None else text[: found.start()]
        if found is None or before.count('"') % 2 or before.count("'") % 2:
            kept.append(text)
            continue
        body: list[str] = []
        for inner in lines:
            if inner.strip() == found[2]:
                break
            body.append(inner)
        source = f"<<{len(documents)}"
        documents[source] = "\n".join(body)
        kept.append(f"{before} < '{source}' {text[found.end() :]}")
    return "\n".join(kept), documents


def _redirections(words: list[str]) -> tuple[list[str], str | None, str | None, bool]:
    """Return the words without redirections, the source, the target, and whether it is appended."""
    kept: list[str] = []
    source: str | None = None
    target: str | None = None
    append = False
    rest = iter(words)
    for word in rest:
        if word == "<":
            source = next(rest, "")
        elif word in (">", ">>"):
            target, append = next(rest, ""), word == ">>"
        else:
            kept.append(word)
    return kept, source, target, append
