package ast

// repairCodes are what repairing a scraped text has to say. Their examples are texts for repair, not for check.
func repairCodes() []Code {
	return []Code{
		{"E130", "lines joined", "A command went over several lines of the text and was put on one. The place is where it goes on.",
			"access-list 1 permit tcp any\nhost 192.0.2.1 eq www", "Nothing, if the command is right."},
		{"E131", "word mended", "A word was broken at its hyphen by the end of a line, or a typeset character (another hyphen, a curly quote) stood for a plain one.",
			"isakmp policy 10 authentication pre-\nshare", "Nothing, if the word is right."},
		{"E132", "command split off", "A command began in the middle of a line and was given one of its own.",
			"pager lines 24 mtu outside 1500", "Nothing, if both commands are right."},
		{"E133", "comment or noise left out", "A comment, or what a terminal or a page put in (a prompt, <--- More --->, a fence, the number of a page), was left out of the configuration; or so was the text before or behind it.",
			"!--- This names the box. hostname pix !--- Not more.\nmtu outside\n1500", "Nothing."},
		{"E134", "words not understood", "Words within the configuration are neither a command nor a comment. They stay as a comment line that begins with \": not understood:\". A line that is only half understood is kept whole there: a permit without its last words might let more through.",
			"hostname pix\nfrobnicate it\nmtu outside 1500", "Correct the line, or take it out."},
		{"E135", "doubtful reading", "The text could have been read otherwise: the command stands in the middle of a comment, what follows may belong to it, a command was left out of the reading, or the text holds several configurations.",
			"!--- As in isakmp policy 10 hash md5 !--- only safer.\nmtu outside\n1500", "Compare the command with the text."},
		{"E136", "contradiction in the text", "The text sets one thing to two values, as pages do that show alternatives. A PIX would take the last; here the first is kept and the other stands behind it in a comment line, since only a person can choose.",
			"aaa-server T protocol tacacs+ !--- OR aaa-server T\nprotocol radius", "Decide, correct the command, and take the comment line out."},
		{"E137", "command apart from the configuration", "A whole command fills its lines outside the configuration, such as an example in the text. It is not part of the result.",
			": Saved\nhostname pix\n: end\nFor example:\nmtu outside\n1500", "Add it if it belongs there."},
		{"E138", "no configuration found", "The text holds no command.", "The quick brown fox.", "Check that the text is the one that was meant."},
		{"E139", "text too long", "Texts of more than 8 MB, or of two million words, are not repaired and are given back as they are.", "",
			"Cut out the part with the configuration."},
	}
}
