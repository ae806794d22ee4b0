package ast

func targetCodes() []Code {
	return nil
}
