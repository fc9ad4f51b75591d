"""What plans call that which an audience looks at, and what else they name with the same words."""

# ruff: noqa: RUF001
# In the order in which they are looked at where a plan has several: a stage on a field, a screen beside it.
# Words and phrases, with a comma between; case, accents and width do not count (core/halls/labels.py).
STAGES = """
    stage, main stage, mainstage, center stage, centre stage, thrust, proscenium, catwalk, runway,
    performance area, boxing ring, boxring, octagon, altar, bühne, hauptbühne, podium, hauptpodium,
    altarraum, manege, laufsteg, scène, estrade, autel, manège, chapiteau, escenario, escena, tablado,
    tarima, ruedo, pasarela, palcoscenico, palco principal, palco central, escenari, agertokia,
    eszenatokia, toneel, hoofdpodium, verhoog, scen, scenen, scene, hovedscene, näyttämö, esiintymislava,
    svið, sviðið, jeviště, pódium, scéna, javisko, scena, estrada, pozornica, bina, színpad, porond,
    scenă, skena, skatuve, sahne, sahnesi, səhnə, sahna, panggung, pentas, entablado, tanghalan, sân khấu,
    jukwaa, stáitse, llwyfan, σκηνή, сцена, сцэна, сахна, эстрада, подмостки, манеж, бина, позорница,
    подіум, подиум, тайз, բեմ, სცენა, במה, הבמה, בימה, المسرح, مسرح, خشبة المسرح, منصة, المنصة, حلبة,
    الحلبة, صحنه, اسٹیج, سٹیج, मंच, रंगमंच, स्टेज, মঞ্চ, স্টেজ, ਮੰਚ, ਸਟੇਜ, મંચ, સ્ટેજ, ମଞ୍ଚ, மேடை, ஸ்டேஜ்,
    వేదిక, స్టేజ్, ವೇದಿಕೆ, ಸ್ಟೇಜ್, വേദി, സ്റ്റേജ്, වේදිකාව, መድረክ, buehne
"""
FIELDS = """
    field, playfield, playing field, playing area, field of play, pitch, court, playing court, rink,
    ice rink, ice surface, race track, racetrack, dohyo, swimming pool, spielfeld, spielfläche, eisfläche,
    eisbahn, rasen, tennisplatz, fußballplatz, rennbahn, schwimmbecken, terrain de jeu, patinoire, glace,
    pelouse, campo de juego, terreno de juego, cancha, pista de hielo, campo da gioco, campo di gioco,
    pista di ghiaccio, ghiaccio, hielo, quadra, gramado, relvado, speelveld, voetbalveld, ijsbaan,
    spelplan, isbana, spillebane, banen, isflate, kenttä, pelikenttä, kaukalo, hřiště, kurt, ihrisko,
    igralište, igrišče, boisko, lodowisko, pálya, küzdőtér, jégpálya, teren, teren de joc, saha, sahası,
    kort, buz pisti, lapangan, sân đấu, sân bóng, uwanja, γήπεδο, αγωνιστικός χώρος, поле, игровое поле,
    корт, площадка, лёд, каток, майданчик, лід, терен, מגרש, המגרש, ملعب, الملعب, أرضية الملعب, मैदान, মাঠ
"""
SCREENS = """
    screen, cinema screen, movie screen, led wall, videowall, video wall, leinwand, bildwand, écran,
    pantalla, schermo, tela, ecrã, telão, scherm, filmduk, bioduk, lerret, lærred, valkokangas, plátno,
    filmové plátno, platno, ekran, vászon, filmvászon, ecran, perde, perdesi, layar, màn hình, màn ảnh,
    οθόνη, экран, екран, էկրան, ეკრანი, מסך, המסך, شاشة, الشاشة, پرده, पर्दा, परदा, स्क्रीन
"""
# The same of scripts that set no space between words: found within a label.
UNSPACED_STAGES = """
    舞台, 舞臺, ステージ, 高座, 擂台, 擂臺, 무대, 스테이지, เวที, ເວທີ, ឆាក, စင်မြင့်
"""
UNSPACED_FIELDS = """
    球場, 球场, 場地中央, 赛场, 賽場, 冰场, 冰場, 土俵, リング, フィールド, グラウンド, ピッチ, コート,
    リンク, 경기장, 그라운드, 필드, 코트, 링크, 아이스링크, สนาม, ສະໜາມ
"""
UNSPACED_SCREENS = """
    銀幕, 银幕, 螢幕, 屏幕, 荧幕, スクリーン, 스크린, 영사막, จอภาพ, จอภาพยนตร์
"""
# What is called so counts by itself alone: with more words it is a box, a tier, a standing area, a hall.
ALONE = """
    ring, arena, ice, eis, track, piste, pista, camp, campo, terrain, plateau, palco, lava, oder,
    bane, baan, veld, doek, mat, tatami, turf, arène, арена, ринг, จอ
"""
# What words of one piece end with, where a language builds them so: "Freilichtbühne", "Fußballfeld".
HEADS = """
    bühne, spielfeld, ballfeld, spielfläche, eisfläche, leinwand, manege, scenen, scene, scen, podium,
    speelveld, balveld, boldbane, ballbane, bollsplan, näyttämö, színpad, buehne
"""
NO_HEADS = """
    hinter, seiten, neben, unter, probe, tri, hebe, lade, arbeits, steh, rollstuhl, rolstoel, kamera,
    camera, presse, technik, sieger, back, off, up, down, ob
"""
# A label with one of these names a way to what is looked at, something near it, or a part of the audience.
ELSEWHERE = """
    door, doors, entrance, entrances, entry, exit, access, gate, stairs, steps, lift, ramp, to, towards,
    back, behind, backstage, side, sides, wing, wings, left, right, front, near, rear, box, boxes, seat,
    seats, seating, view, level, tier, row, rows, block, stand, standing, grandstand, tribune, tribunes,
    general, admission, vip, club, suite, suites, lounge, bar, cafe, food, drink, drinks, restaurant,
    shop, merch, merchandise, cream, office, toilet, toilets, wc, parking, camera, foh, mixing,
    wheelchair, crew, dressing, manager, management, hands, storage, info, information, printing, eingang,
    ausgang, notausgang, zugang, einlass, tür, türen, tor, treppe, aufgang, zur, zum, hinter, neben, vor,
    seite, seitlich, links, rechts, linke, rechte, rang, loge, logen, sitz, sitze, sitzplätze, plätze,
    stehplatz, stehplätze, reihe, sicht, sichtbehinderung, tribüne, tribühne, rollstuhl, garderobe,
    technik, regie, kasse, toilette, toiletten, theke, imbiss, café, kiosk, probe, entrée, sortie, porte,
    accès, vers, derrière, coulisses, côté, gauche, droite, avant, loges, siège, sièges, fauteuil,
    fauteuils, buvette, vestiaire, fosse, escalier, entrada, salida, puerta, acceso, detrás, lado,
    izquierda, derecha, asientos, butacas, vista, camerinos, aseos, taquilla, grada, gradas, hacia, saída,
    porta, acesso, atrás, esquerda, esquerdo, direita, direito, cadeiras, camarim, camarote, camarotes,
    bastidores, ingresso, entrata, uscita, accesso, dietro, lato, sinistra, destra, posti, retropalco,
    quinte, camerino, camerini, gradinata, tribuna, biglietteria, ingang, uitgang, deur, toegang, achter,
    zijde, naast, stoelen, zitplaatsen, kleedkamer, ingång, utgång, dörr, inngang, utgang, indgang,
    udgang, dør, bak, bakom, bag, sida, vänster, höger, venstre, højre, høyre, sisäänkäynti, uloskäynti,
    ovi, takana, vasen, oikea, wejście, wyjście, drzwi, za, kulisy, lewa, prawa, strona, loża, vchod,
    východ, vstup, zadní, zákulisí, levá, pravá, dveře, bejárat, kijárat, ajtó, mögött, mögötti, bal,
    jobb, intrare, ieșire, ușă, spate, culise, stânga, dreapta, giriş, girişi, çıkış, çıkışı, kapı,
    kapısı, arka, arkası, kulis, yan, yanı, pintu, masuk, keluar, belakang, samping, kiri, kanan, lối vào,
    lối ra, cửa, sau, hậu trường, είσοδος, έξοδος, πόρτα, πίσω, παρασκήνια, вход, выход, дверь, кулисы,
    за кулисами, левая, правая, слева, справа, сторона, буфет, гардероб, касса, служебный, вхід, вихід,
    двері, лаштунки, ложа, ложи, כניסה, יציאה, דלת, מאחורי, צד, باب, مدخل, مخرج, خلف, كواليس, يمين, يسار,
    در, ورودی, خروجی, پشت, प्रवेश, द्वार, निकास, पीछे
"""
UNSPACED_ELSEWHERE = """
    裏, 袖, 口, 門, 门, 後, 后, 侧, 側, 席, バック, サイド, 뒤, 백스테이지, 입구, 출구, 출입, 대기, 석,
    หลัง, ทางเข้า, ทางออก, ประตู, ข้าง
"""
