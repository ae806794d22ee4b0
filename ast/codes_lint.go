package ast

func lintCodes() []Code {
	return nil
}
