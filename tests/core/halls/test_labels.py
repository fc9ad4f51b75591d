"""Labels of what an audience looks at, in many languages and letterings; others that sound like it."""

# ruff: noqa: RUF001 (letters of other scripts that look like Latin ones are what is tested)

import pytest

from core.halls.labels import Kind, read_label

STAGES = """
Stage | STAGE | stage | Main Stage | Center Stage | Rolex Stage | Stage 1 | Stage (12 x 8 m) | Thrust stage
Bühne | BÜHNE | Buehne | Hauptbühne | HAUPTBÜHNE (Nord) | Freilichtbühne | Podium | Altar
Scène | Grande scène | Escenario | ESCENARIO PRINCIPAL | Palco principal | Palcoscenico | Escenari
Toneel | Hoofdpodium | Scen | Stora scenen | Scene | Hovedscenen | Näyttämö | Jeviště | Javisko | Scena główna
Pozornica | Színpad | Scenă | Skatuve | Sahne | SAHNE | Sahnesi | Panggung | Sân khấu | SÂN KHẤU | Llwyfan
Σκηνή | ΣΚΗΝΗ | Сцена | СЦЕНА | Главная сцена | Эстрада | Սրահի բեմ | სცენა
במה | הבמה | المسرح | مســرح | خشبة المسرح | منصة | صحنه | मंच | मुख्य मंच | মঞ্চ | மேடை | స్టేజ్ | വേദി
舞台 | 主舞台 | 中央舞臺 | ステージ | ｽﾃｰｼﾞ | メインステージ | 무대 | 중앙 무대 | 메인무대 | เวที | เวทีหลัก
""".replace("\n", "|")
FIELDS = """
Field | Playing field | Pitch | Centre Court | Tennis court | Rolex Court | Ice rink | Spielfeld | SPIELFELD
Fußballfeld | Spielfläche | EIS | Terrain de jeu | Campo de juego | Cancha | Campo da gioco | Quadra
Speelveld | Kenttä | Boisko | Pálya | Saha | Поле | Футбольное поле | Лёд | Γήπεδο | المـلعب | מגרש | 球場
コート | 경기장 | สนาม | Ring | Arena | Pista | Palco
""".replace("\n", "|")
SCREENS = """
Screen | SCREEN 3 | Leinwand | Kinoleinwand | Écran | Pantalla | Schermo | Tela | Plátno | Ekran | Vászon
Экран | Οθόνη | מסך | شاشة | スクリーン | 银幕 | 스크린 | पर्दा
""".replace("\n", "|")
LETTERS_APART = [
    "S T A G E",
    "S  T  A  G  E",
    "S-T-A-G-E",
    "S.T.A.G.E.",
    "S\nT\nA\nG\nE",
    "S_T_A_G_E",
    "M A I N   S T A G E",
    "S T A G E  1",
    "S T A G E (main)",
    "Ｓ Ｔ Ａ Ｇ Ｅ",
    "B Ü H N E",
    "B U\u0308 H N E",
    "H A U P T B Ü H N E",
    "С Ц Е Н А",
    "Σ Κ Η Ν Η",
    "ב מ ה",
    "舞 台",
    "ス テ ー ジ",
    "무 대",
    "मं च",
    "Esce\u00adnario",
    "\u200fהבמה\u200f",
    "  Stage\n",
]
ELSEWHERE = """
Backstage | B A C K S T A G E | Stage door | STAGE DOOR | Exit stage left | Stage left | Stage right | Upstage
Front of stage | Stage seats | Stage view | Behind the stage | To the stage → | Stage box | Stagehands only
Stage hands | Stage entrance | Screen printing room | Screening room | Field level | Field box 12 | Food court
Courtyard | Pitch side bar | Ice cream | Hostage | Springfield | Orchestra | Orchestra pit | Loge | Foyer
Bühneneingang | Zur Bühne | Hinter der Bühne | Vor der Bühne | Hinterbühne | Seitenbühne | Probebühne
Hebebühne | Tribüne | Tribühne Nord | Rollstuhlpodium | Eisdiele | Bielefeld | Sitzplätze | Rollstuhlplatz
Avant-scène | Coulisses | Côté scène | Sortie de scène | Puerta del escenario | Palco 12 | Ring 1 | 2. Ring
SAP Arena | Vstup na jeviště | Za sceną | Wejście na scenę | За сценой | Вход на сцену | Είσοδος σκηνής
كواليس المسرح | باب المسرح | מאחורי הבמה | 舞台裏 | 舞台袖 | 舞台出口 | バックステージ | 무대 뒤
무대 출입구 | หลังเวที | Bar | WC | Toiletten | Garderobe | VIP | Block A | Reihe 7 | 1 | A B C
""".replace("\n", "|")


def split(labels: str) -> list[str]:
    return [label.strip() for label in labels.split("|") if label.strip()]


@pytest.mark.parametrize("label", [*split(STAGES), *LETTERS_APART])
def test_stages(label: str) -> None:
    assert read_label(label) is Kind.STAGE


@pytest.mark.parametrize("label", split(FIELDS))
def test_fields(label: str) -> None:
    assert read_label(label) is Kind.FIELD


@pytest.mark.parametrize("label", split(SCREENS))
def test_screens(label: str) -> None:
    assert read_label(label) is Kind.SCREEN


@pytest.mark.parametrize(
    "label", [*split(ELSEWHERE), "", " ", "\n", "…", "🎭", "\u200d", "%s", "x" * 100_000]
)
def test_what_else_is_named_with_the_same_words(label: str) -> None:
    assert read_label(label) is None
