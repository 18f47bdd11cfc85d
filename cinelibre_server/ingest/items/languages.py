"""The languages of ISO 639-1, by their codes and English names."""

from types import MappingProxyType

# ISO 639-1 code, ISO 639-2 codes (bibliographic and terminological), English names.
_TABLE = """
aa aar Afar; ab abk Abkhazian; af afr Afrikaans; ak aka Akan; am amh Amharic; an arg Aragonese; ar ara Arabic
as asm Assamese; av ava Avaric; ay aym Aymara; az aze Azerbaijani; ba bak Bashkir; be bel Belarusian; bg bul Bulgarian
bi bis Bislama; bm bam Bambara; bn ben Bengali,Bangla; bo bod,tib Tibetan; br bre Breton; bs bos Bosnian
ca cat Catalan,Valencian; ce che Chechen; ch cha Chamorro; co cos Corsican; cr cre Cree; cs ces,cze Czech
cv chv Chuvash; cy cym,wel Welsh; da dan Danish; de deu,ger German; dv div Divehi,Dhivehi,Maldivian; dz dzo Dzongkha
ee ewe Ewe; el ell,gre Greek; en eng English; eo epo Esperanto; es spa Spanish,Castilian; et est Estonian
eu eus,baq Basque; fa fas,per Persian,Farsi; ff ful Fulah; fi fin Finnish; fj fij Fijian; fo fao Faroese
fr fra,fre French; fy fry Frisian; ga gle Irish; gd gla Gaelic; gl glg Galician; gn grn Guarani; gu guj Gujarati
gv glv Manx; ha hau Hausa; he heb Hebrew; hi hin Hindi; ho hmo Hiri Motu; hr hrv Croatian; ht hat Haitian
hu hun Hungarian; hy hye,arm Armenian; hz her Herero; id ind Indonesian; ig ibo Igbo; ii iii Sichuan Yi; ik ipk Inupiaq
io ido Ido; is isl,ice Icelandic; it ita Italian; iu iku Inuktitut; ja jpn Japanese; jv jav Javanese
ka kat,geo Georgian; kg kon Kongo; ki kik Kikuyu; kj kua Kuanyama; kk kaz Kazakh; kl kal Greenlandic,Kalaallisut
km khm Khmer; kn kan Kannada; ko kor Korean; kr kau Kanuri; ks kas Kashmiri; ku kur Kurdish; kv kom Komi; kw cor Cornish
ky kir Kirghiz,Kyrgyz; la lat Latin; lb ltz Luxembourgish; lg lug Ganda; li lim Limburgish; ln lin Lingala; lo lao Lao
lt lit Lithuanian; lu lub Luba-Katanga; lv lav Latvian; mg mlg Malagasy; mh mah Marshallese; mi mri,mao Maori
mk mkd,mac Macedonian; ml mal Malayalam; mn mon Mongolian; mr mar Marathi; ms msa,may Malay; mt mlt Maltese
my mya,bur Burmese; na nau Nauru; nb nob Norwegian Bokmål; nd nde North Ndebele; ne nep Nepali; ng ndo Ndonga
nl nld,dut Dutch,Flemish; nn nno Norwegian Nynorsk; no nor Norwegian; nr nbl South Ndebele; nv nav Navajo
ny nya Chichewa,Nyanja; oc oci Occitan; oj oji Ojibwa; om orm Oromo; or ori Oriya,Odia; os oss Ossetian
pa pan Punjabi,Panjabi; pi pli Pali; pl pol Polish; ps pus Pashto,Pushto; pt por Portuguese; qu que Quechua
rm roh Romansh; rn run Rundi; ro ron,rum Romanian,Moldavian; ru rus Russian; rw kin Kinyarwanda; sa san Sanskrit
sc srd Sardinian; sd snd Sindhi; se sme Northern Sami; sg sag Sango; si sin Sinhala,Sinhalese; sk slk,slo Slovak
sl slv Slovenian; sm smo Samoan; sn sna Shona; so som Somali; sq sqi,alb Albanian; sr srp Serbian; ss ssw Swati
st sot Southern Sotho; su sun Sundanese; sv swe Swedish; sw swa Swahili; ta tam Tamil; te tel Telugu; tg tgk Tajik
th tha Thai; ti tir Tigrinya; tk tuk Turkmen; tl tgl Tagalog,Filipino; tn tsn Tswana; to ton Tonga; tr tur Turkish
ts tso Tsonga; tt tat Tatar; tw twi Twi; ty tah Tahitian; ug uig Uighur,Uyghur; uk ukr Ukrainian; ur urd Urdu
uz uzb Uzbek; ve ven Venda; vi vie Vietnamese; vo vol Volapük; wa wln Walloon; wo wol Wolof; xh xho Xhosa
yi yid Yiddish; yo yor Yoruba; za zha Zhuang; zh zho,chi Chinese,Mandarin,Cantonese; zu zul Zulu
"""


def _read_table() -> dict[str, str]:
    codes: dict[str, str] = {}
    for entry in _TABLE.replace("\n", ";").split(";"):
        if entry.strip():
            code, longer, names = entry.split(maxsplit=2)
            for name in (code, *longer.split(","), *names.lower().split(",")):
                codes[name] = code
    return codes


_CODES = MappingProxyType(_read_table())


def language_code(text: str) -> str | None:
    """The ISO 639-1 code of "hi", "hin", "Hindi", "en-US" or "pt_BR"; None if there is none."""
    name = text.strip().lower()
    return _CODES.get(name) or _CODES.get(name.replace("_", "-").partition("-")[0])
