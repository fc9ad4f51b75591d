# Die Seiten für Käuferinnen und Käufer.
service = Seatline
skip = Zum Inhalt springen
language = Sprache
documentation = Für Entwickler
shows-as-json = Veranstaltungen als JSON
health = Läuft der Dienst?
problems = Was schiefgehen kann
loading = Wird geladen …
try-again = Erneut versuchen
error-title = Das hat nicht geklappt
home = Alle Veranstaltungen

# Die Liste der Veranstaltungen
shows-title = Veranstaltungen
search = Suche
search-label = Nach Namen suchen
from-label = Ab
show-count = { $count ->
    [one] { $count } Veranstaltung
   *[other] { $count } Veranstaltungen
}
show-count-more = { $count ->
    [one] { $count } Veranstaltung, und weitere
   *[other] { $count } Veranstaltungen, und weitere
}
no-shows = Zurzeit gibt es keine Veranstaltungen.
no-shows-found = Keine Veranstaltung passt zu Ihrer Suche.
clear-search = Alle zeigen
more = Weitere Veranstaltungen
when = { $day }, { $time }
price-from = ab { $price }
price-one = { $price }
price-free = kostenlos
seats-left = { $count ->
    [one] { $count } Platz frei
   *[other] { $count } Plätze frei
}
seats-left-few = { $count ->
    [one] Nur noch { $count } Platz frei
   *[other] Nur noch { $count } Plätze frei
}
all-held = Gerade alle Plätze vergeben
sold-out = Ausverkauft
sales-open = Verkauf ab { $day }, { $time }
sales-closed = Verkauf beendet
show-cancelled = Abgesagt

# Eine Veranstaltung
show-gone = Diese Veranstaltung gibt es nicht
show-gone-note = Vielleicht wurde sie entfernt, oder die Adresse ist unvollständig.
show-cancelled-note = Bezahlte Tickets werden erstattet. Sie müssen dafür nichts tun.
your-booking = Ihre Buchung

# Eine Buchung
booking-title = Buchung für { $show }
booking-gone = Diese Buchung gibt es nicht
booking-gone-note = Vielleicht ist die Adresse unvollständig. Bitte verwenden Sie den ganzen Link.
details = Einzelheiten
status = Status
status-waiting = wartet auf Plätze
status-held = reserviert
status-confirming = wird bestätigt
status-confirmed = bestätigt
status-cancelling = wird storniert
status-cancelled = storniert
status-failed = nicht gebucht
amount = Betrag
payment = Zahlung
payment-none = nicht nötig
payment-open = noch nicht bezahlt
payment-pending = wird erwartet
payment-succeeded = bezahlt
payment-part-refunded = bezahlt; { $refunded } davon zurückgezahlt
payment-failed = abgelehnt
payment-refund-pending = wird zurückgezahlt
payment-refunded = zurückgezahlt
booked-at = Angefragt
cancel = Buchung stornieren
cancel-until = Stornieren können Sie bis { $day }, { $time }.
cancel-over = Stornieren war bis { $day }, { $time } möglich.
cancel-question = Diese Buchung stornieren?
cancel-question-note = Ihre Plätze sind sofort für andere frei.
cancel-question-paid = Ihre Plätze sind sofort für andere frei, und Sie erhalten { $amount } zurück.
cancel-yes = Ja, stornieren
cancel-no = Buchung behalten
keep-link = Diese Seite ist Ihr Ticket. Bewahren Sie die Adresse auf, und teilen Sie sie nur mit Menschen, die auch stornieren dürfen.
