"""How long the site takes: `python benchmarks/site.py [TIMES]`. The pages from data, and `mkdocs build --strict`.

On the clock, as whole processes, and their CPU, which says more on a busy machine; the bounds are 3 s and 10 s on the
clock. The pages are written anew each time, for a second call writes nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOUNDS = {"docs/make": 3.0, "mkdocs build --strict": 10.0}


def main(times: int) -> None:
    sys.path.append(str(ROOT / "docs"))
    from make.writing import made_places

    took: dict[str, list[tuple[float, float]]] = {name: [] for name in BOUNDS}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site)]
        for _ in range(times):
            for place in made_places(ROOT / "docs"):
                (ROOT / "docs" / place).unlink()
            took["docs/make"].append(seconds([sys.executable, "docs/make"]))
            took["mkdocs build --strict"].append(seconds(build))
        for name, bound in BOUNDS.items():
            clock, cpu = (statistics.median(one) for one in zip(*took[name], strict=True))
            print(f"{name}: {clock:.2f} s, {'within' if clock <= bound else 'OVER'} {bound:.0f} s; {cpu:.2f} s of CPU")
        pages = sorted(site.rglob("index.html"), key=lambda page: -page.stat().st_size)
        print(
            f"{len(pages)} pages, {sum(file.stat().st_size for file in site.rglob('*') if file.is_file()) / 1e6:.1f} MB"
        )
        for page in (*pages[:3], site / "claims" / "index.html", site / "index.html"):
            print(f"  {page.relative_to(site).parent}: {page.stat().st_size / 1000:.0f} kB")
        print(f"  the search's index: {(site / 'search' / 'search_index.json').stat().st_size / 1000:.0f} kB")
    print(f"load {os.getloadavg()[0]:.1f}")


def seconds(command: list[str]) -> tuple[float, float]:
    """On the clock, and of CPU."""
    began, before = time.perf_counter(), os.times()
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
