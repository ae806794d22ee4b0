package ast

func referenceCodes() []Code {
	return nil
}
