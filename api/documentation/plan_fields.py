"""What the parts of a seating plan are: told here, since the format is pretix's and not ours."""

PLACE = "where it is, relative to what surrounds it"

PLAN_FIELDS: dict[str, dict[str, str]] = {
    "SeatingPlan": {
        "name": "the plan's name",
        "size": "the size of the whole plan; without, as far as its seats reach",
        "categories": "the price categories, which seats refer to by name",
        "zones": "the parts of the hall, in the order in which their seats are listed",
    },
    "PlanSize": {"width": "from left to right", "height": "from top to bottom"},
    "PlanCategory": {"name": "its name", "color": "its colour, for clients that draw it"},
    "PlanZone": {
        "name": "the section's name; without, its seats are of none",
        "position": PLACE,
        "rows": "its rows of seats",
        "areas": "what is drawn beside the seats",
    },
    "PlanRow": {
        "row_number": "its number",
        "row_label": "what is written at it; `%s` stands for its number",
        "seat_label": "what is written on its seats; `%s` stands for the seat's number",
        "position": PLACE,
        "seats": "its seats, in order",
    },
    "PlanSeat": {
        "seat_guid": "the seat's number here, which no other seat of the plan has",
        "seat_number": "its number within its row",
        "position": PLACE,
        "category": "the name of its price category",
    },
    "PlanPosition": {"x": "to the right", "y": "downwards"},
    "PlanArea": {
        "shape": "what it is; the field of that name has its extent",
        "position": PLACE,
        "rectangle": "of a rectangle",
        "circle": "of a circle",
        "ellipse": "of an ellipse",
        "polygon": "of a polygon",
        "text": "what is written on it",
    },
    "PlanRectangle": {"width": "from left to right", "height": "from top to bottom"},
    "PlanCircle": {"radius": "from its middle to its edge"},
    "PlanEllipse": {"radius": "from its middle to its edge"},
    "PlanRadii": {"x": "across", "y": "down"},
    "PlanPolygon": {"points": "its corners, relative to its position"},
    "PlanAreaText": {"text": "the words"},
}
