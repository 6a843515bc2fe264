"""Imports packages into one new collection of Anki, one after the other: a folder to work in, then their files.

After the first, the card of the note whose id is in the environment (NOTE) is due in 9 days. Prints what is there after
each. Run in an environment of its own, by test_clients_anki.py.
"""

import json
import os
import sys

from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from anki.import_export_pb2 import IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS as ALWAYS

folder, *packages = sys.argv[1:]
collection = Collection(os.path.join(folder, "collection.anki2"))


def note():
    (number,) = collection.find_notes(f"Id:{os.environ['NOTE']}")
    return collection.get_note(number)


seen = []
for package in packages:
    options = ImportAnkiPackageOptions(update_notes=ALWAYS if os.environ.get("UPDATE") == "always" else 0)
    log = collection.import_anki_package(ImportAnkiPackageRequest(package_path=package, options=options)).log
    (card,) = note().cards()
    if not seen:
        collection.sched.set_due_date([card.id], "9")
        card.load()
    seen.append(
        {
            "new": len(log.new),
            "updated": len(log.updated),
            "same": len(log.duplicate),
            "notes": collection.note_count(),
            "cards": collection.card_count(),
            "decks": sorted(deck.name for deck in collection.decks.all_names_and_ids()),
            "front": card.question(reload=True),
            "back": card.answer(),
            "schedule": [card.due, card.ivl, card.type, card.queue],
            "tags": note().tags,
        }
    )
collection.close()
print(json.dumps(seen))
