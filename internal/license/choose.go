package license

import "strings"

// Chosen is what is taken of an expression.
type Chosen struct {
	// Expression is the whole without its ORs: of each, one operand. It is the expression
	// itself where there was nothing to choose.
	Expression Expression
	Rank       int // the hardest verdict on a licence of it
	// Decisive are its licences that have this verdict, in their order.
	Decisive []Expression
	// Choices are the ORs that were decided, outermost first.
	Choices []Choice
}

// Choice is one OR: what was taken, and what was left, as text in the author's order.
type Choice struct {
	Taken string   `json:"taken"`
	Left  []string `json:"left"`
}

// Choose judges every licence of the expression and takes what is best: of an OR the operand with the
// lowest rank, of equal ones the first; of an AND all, with the highest. judge ranks one licence with its
// exception ("": none), 0 the mildest; plus is the + after the identifier. It must give equal licences
// equal ranks. The zero Expression, which says nothing, is judged as the licence "".
func (e Expression) Choose(judge func(id, exception string, plus bool) int) Chosen {
	switch e.Op {
	case And:
		return e.all(judge)
	case Or:
		return e.best(judge)
	}
	return Chosen{Expression: e, Rank: judge(e.License, e.Exception, e.Plus), Decisive: []Expression{e}}
}

func (e Expression) best(judge func(id, exception string, plus bool) int) Chosen {
	var best Chosen
	taken := -1
	for i, operand := range e.Operands {
		if c := operand.Choose(judge); taken < 0 || c.Rank < best.Rank {
			best, taken = c, i
		}
	}
	choice := Choice{Taken: bare(best.Expression.text)}
	for i, operand := range e.Operands {
		if i != taken {
			choice.Left = append(choice.Left, bare(operand.text))
		}
	}
	best.Choices = append([]Choice{choice}, best.Choices...)
	return best
}

func (e Expression) all(judge func(id, exception string, plus bool) int) Chosen {
	out := Chosen{Expression: Expression{Op: And}}
	var texts []string
	for i, operand := range e.Operands {
		c := operand.Choose(judge)
		switch {
		case i == 0 || c.Rank > out.Rank:
			out.Rank, out.Decisive = c.Rank, c.Decisive
		case c.Rank == out.Rank:
			out.Decisive = append(out.Decisive, c.Decisive...)
		}
		out.Choices = append(out.Choices, c.Choices...)
		out.Expression.Operands = append(out.Expression.Operands, c.Expression)
		texts = append(texts, c.Expression.text)
	}
	out.Expression.text = strings.Join(texts, " AND ")
	return out
}

// bare is the text without parentheses around all of it.
func bare(text string) string {
	for strings.HasPrefix(text, "(") && closes(text) == len(text)-1 {
		text = text[1 : len(text)-1]
	}
	return text
}

// closes is where the parenthesis that text begins with is closed.
func closes(text string) int {
	depth := 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// Licenses are the single licences of the expression, in their order, each once.
func (e Expression) Licenses() []Expression {
	var out []Expression
	seen := map[string]bool{}
	var walk func(e Expression)
	walk = func(e Expression) {
		for _, operand := range e.Operands {
			walk(operand)
		}
		if single := e.alone(); e.Op == None && single.text != "" && !seen[single.text] {
			seen[single.text] = true
			out = append(out, single)
		}
	}
	walk(e)
	return out
}

// alone is a single licence without the parentheses that its author gave it.
func (e Expression) alone() Expression {
	e.text = bare(e.text)
	return e
}

// Join is the expression that has all of these as its operands, each once; the zero one where there are
// none. Operands that are an OR get parentheses.
func Join(op Op, all ...Expression) Expression {
	out := Expression{Op: op}
	var texts []string
	seen := map[string]bool{}
	for _, e := range all {
		if e.text == "" || seen[e.text] {
			continue
		}
		seen[e.text] = true
		if e.Op == Or && op == And && closes(e.text) != len(e.text)-1 {
			e.text = "(" + e.text + ")"
		}
		out.Operands, texts = append(out.Operands, e), append(texts, e.text)
	}
	if len(out.Operands) < 2 {
		return append(out.Operands, Expression{})[0]
	}
	out.text = strings.Join(texts, " "+string(op)+" ")
	return out
}
