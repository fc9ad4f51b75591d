# Der Plan und seine Liste. Beträge, Daten und Dauern kommen fertig geschrieben.

loading = Plätze werden geladen …
try-again = Noch einmal versuchen
dismiss = Ausblenden
close = Schließen

## Plätze

seat-in-row = Reihe { $row }, Platz { $seat }
seat-alone = Platz { $seat }
seat-standing = Ein Platz in { $section }
seat-full = { $seat }, { $price }, { $state }
seat-full-free-of-charge = { $seat }, { $state }
state-free = frei
state-held = von anderen reserviert
state-booked = vergeben
state-chosen = gewählt
seats-count = { $count ->
    [one] { $count } Platz
   *[other] { $count } Plätze
}
seats-left = { $count ->
    [0] ausverkauft
   *[other] noch { $count }
}
share-left = { $free ->
    [0] ausverkauft
   *[other] noch { $share }
}
from-price = ab { $price }

## Auswahl

how-many = Wie viele?
fewer = Einer weniger
more = Einer mehr
best-seats = Beste Plätze
best-busy = Plätze werden gesucht …
best-together = { $count ->
    [one] Für Sie gewählt: { $seats }.
   *[other] { $count } nebeneinander, für Sie gewählt: { $seats }.
}
best-apart = { $count } Plätze nebeneinander gibt es nicht mehr. Am nächsten beieinander: { $seats }.
best-none = { $count ->
    [one] So ein Platz ist nicht mehr frei.
   *[other] { $count } solche Plätze sind nicht mehr frei.
}
view = Ansicht
view-map = Plan
view-list = Liste
price = Preis
price-up-to = bis { $price }
price-any = Jeder Preis
section = Bereich
section-any = Alle Bereiche
zoom-in = Vergrößern
zoom-out = Verkleinern
zoom-fit = Ganzer Saal
zoom-hint = Strg und das Mausrad vergrößern den Plan
legend = Zeichenerklärung
standing-places = Plätze ohne Nummer
choose = Wählen
remove = Entfernen
remove-seat = { $seat } entfernen
chosen-seat = { $seat } gewählt. { $count ->
    [one] { $count } Platz
   *[other] { $count } Plätze
}, { $total }.
removed-seat = { $seat } entfernt.
limit-reached = { $max ->
    [one] Je Buchung ist ein Platz möglich.
   *[other] Je Buchung sind höchstens { $max } Plätze möglich.
}

## Ihre Plätze

your-seats = Ihre Plätze
no-seats = Wählen Sie Plätze im Plan oder in der Liste, oder lassen Sie uns die besten finden.
standing-chosen = { $section } × { $count }
total = Summe
clear = Leeren
hold = Diese Plätze reservieren
holding = Plätze werden reserviert …
problem-choose-first = Wählen Sie zuerst Ihre Plätze.

## Reserviert

held-for = Reserviert für { $time }
held-tell = { $count ->
    [one] Der Platz ist { $time } lang für Sie reserviert.
   *[other] Die Plätze sind { $time } lang für Sie reserviert.
}
more-time = Mehr Zeit
more-time-given = Sie haben jetzt { $time }.
more-time-none = Länger können Plätze nicht reserviert werden.
give-back = Zurückgeben
given-back = Die Plätze sind zurückgegeben.
expiring = Noch { $seconds } Sekunden, um Ihre Plätze zu behalten.
expired = Ihre Zeit ist abgelaufen, die Plätze sind wieder frei.
choose-again = Noch einmal wählen
confirmed = { $count ->
    [one] Dieser Platz gehört Ihnen: { $seats }.
   *[other] Diese Plätze gehören Ihnen: { $seats }.
}

## Vergeben

taken = { $count ->
    [one] { $seats } ist gerade vergeben worden.
   *[other] { $seats } sind gerade vergeben worden.
}
taken-looking = Die nächsten werden gesucht …
taken-nearest = Am nächsten dabei:
taken-none = Etwas Ähnliches ist nicht mehr frei.

## Verkauf

sales-before = Der Verkauf beginnt am { $day } um { $time }.
sales-before-soon = Der Verkauf beginnt in { $left }.
sales-closed = Der Verkauf ist geschlossen.
sales-cancelled = Diese Vorstellung ist abgesagt.
sales-sold-out = Ausverkauft. Was andere reserviert haben, kann wieder frei werden: Der Plan ist immer aktuell.

## Verbindung

link-offline = Der Plan wird gerade nicht aktualisiert. Wir versuchen es weiter.
link-back = Die Live-Anzeige ist wieder da.

## Fehlschläge

failure-not_enough_seats = So viele Plätze sind nicht mehr frei.
failure-seats_unavailable = Diese Plätze sind gerade vergeben worden.
failure-customer_limit = Das sind mehr Plätze, als ein Kunde für diese Vorstellung haben darf.
failure-client_limit = Sie haben so viele Plätze dieser Vorstellung reserviert, wie ein Besucher darf. Bezahlen Sie sie oder geben Sie sie zurück.
failure-sales_closed = Der Verkauf ist geschlossen.
failure-timed_out = Die Plätze konnten nicht rechtzeitig reserviert werden. Bitte versuchen Sie es noch einmal.
failure-other = Die Plätze konnten nicht reserviert werden. Bitte versuchen Sie es noch einmal.
problem-show_not_found = Diese Vorstellung gibt es nicht.
problem-network = Es gibt keine Verbindung zur Kasse.
problem-rate_limited = Das war sehr oft. Bitte warten Sie einen Moment und versuchen Sie es noch einmal.
problem-unavailable = Gerade buchen sehr viele. Bitte versuchen Sie es gleich noch einmal.
problem-sales_not_open = Der Verkauf hat noch nicht begonnen.
problem-sales_closed = Der Verkauf ist geschlossen.
problem-show_cancelled = Diese Vorstellung ist abgesagt.
problem-hold_expired = Ihre Zeit ist abgelaufen, die Plätze sind wieder frei.
problem-other = Etwas ist schiefgegangen. Bitte versuchen Sie es noch einmal.

## List and keyboard

grid-name = Plätze
grid-keys = Pfeiltasten führen von Platz zu Platz, Bild auf und Bild ab von Bereich zu Bereich. Die Leertaste wählt. Plus, Minus und Null zoomen. Escape verlässt den Plan.
list-only-free = Nur freie Plätze
list-keys = Pfeiltasten auf und ab führen von Reihe zu Reihe.
list-all = Alle Plätze
list-row = Reihe { $row }
list-seats = Plätze { $first } bis { $last }
list-prices = { $low } bis { $high }
list-more = Weitere Reihen
list-nothing = Keine passenden Plätze.
list-lost = { $seat }. Von Ihnen gewählt, doch jemand anderes war schneller.
list-places = Plätze in { $section }
list-fewer = Ein Platz weniger in { $section }
list-another = Ein Platz mehr in { $section }
