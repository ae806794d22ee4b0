package ast

// captureCodes are what reading a configuration as it came has to say: from a terminal, a page, an anonymiser.
func captureCodes() []Code {
	return []Code{
		{"E140", "wrapped line put together",
			"A terminal breaks a line that is longer than it is wide, also inside a word. This line is exactly as long as the terminal was wide, and the next one goes on with it: together they are a command, apart they are not. A warning says that they are none together either.",
			"access-list 101 permit tcp host 192.0.2.100 host 198.51.100.200 range 10000 1999\n9 log\nterminal width 80", "Nothing, if the command is right."},
		{"E141", "decoration taken off", "Most lines of the file have the same sign, number or border around them, as a page or a listing puts it. It was taken off.",
			"- names\n- pager lines 24\n- mtu outside 1500\n- mtu inside 1500", "Nothing."},
		{"E142", "session command", "A command that is typed in a session with the box but is not part of a configuration: conf t, exit, write memory, clear xlate. It is understood and does nothing.",
			"configure terminal\nhostname pix\nexit", "Nothing."},
		{"E143", "keyword replaced",
			"A word stands in the place of a keyword that was most likely replaced together with all words like it, to hide a name: access-list became example8-list. The message names the one keyword with which the line is a command, if there is one only. The line is left out: nothing is guessed into the configuration. It is said once for all lines with the same damage.",
			"example8-list 101 permit ip any any", "Put the word back in the whole file, as in: sed s/example8-/access-/"},
		{"E144", "address made unreadable", "An address has letters or stars in place of numbers. Someone hid it. The line is left out.",
			"route outside 0.0.0.0 0.0.0.0 202.x.x.1", "Put the address back."},
		{"E145", "words run together", "A blank between two words was lost. There is one place only to put it so that the line is a command, and so it is read.",
			"access-list 101 permittcp any any", "Compare the line with the text that it was taken from."},
		{"E146", "abbreviated keyword", "A keyword was cut short, as a PIX lets people type it. In a configuration that a PIX printed keywords are whole.",
			"isakmp policy 10 encrypt 3des", "Nothing, if the word is right."},
		{"E147", "text that is no command", "Text before, behind or between the commands, such as the banner of a page, a heading, or a comment behind a command. It was left out.",
			": Saved\nnames\n: end\nAll rights reserved.", "Nothing."},
		{"E148", "capture incomplete", "The text ends within a line or before the end of the configuration: the capture was cut off. What is missing may change what the rest means.",
			": Saved\nnames\ntimeout conn 1:00:00 half-clo", "Take the capture anew, with `no pager`."},
		{"E149", "output of another command", "The capture holds more of the session than the configuration: what another command printed was left out.",
			"pix# show curpriv\nUsername : enable_15\npix# show run\nnames", "Nothing."},
	}
}
