package ast

func syntaxCodes() []Code {
	return nil
}
