"""What can be told of many without telling of one: fixed cells, suppression, pseudonyms, rounding. Pure.

    element    one machine on one local day; its numbers (`sources`) are taken once and never again
    cell       a set of elements: one group of machines over one period, of one view
    facet      a part of the numbers that only some elements have: counted parts, energy, …
    pool       the views whose consumers may put what they read together: all open views of one source of numbers, and
               all with a contract, of which those that may tell of single machines are held against nothing

A cell is told or suppressed as a whole, before anybody asks; a query chooses among cells and adds nothing up. So all
that anybody can have is the sums over the told cells, and what can be computed from them.

**Nothing can be computed about fewer than the floor.** Let C1, …, Cm be the told cells of a pool and x(e) a number of
element e, such as its producing seconds. Read are the sums s(Ci) = Σ x(e) over e in Ci. Whatever is added up,
subtracted or weighted from these,

    Σ a(i) s(Ci)  =  Σ over e of x(e) · c(e),    c(e) = Σ of a(i) over the cells that e is in,

depends on x by c alone, and c(e) is the same for two elements that are in the same cells. Call the sets of elements
that are in the same cells atoms: c is constant on each of them, so every such combination is a weighted sum of totals
of atoms, and each number that it depends on comes with the whole atom. A set of cells is told only if every atom has at
least the factories and machines of the floor of every cell that it lies in (`atoms`). Then there is no combination,
over views, periods and consumers, that isolates fewer: not a class without a factory, not a month without a day, not
one week less another.

Ratios are computed from sums of the same cell, so they tell no more than their numerators and denominators do; these
count as told, whether a view shows them or not. Numbers that only some elements have are held so within those alone,
facet by facet: where one factory of ten counts its parts, the sum of parts is that factory's. And so are those that
only some lack, where it shows: where one machine of ten has no ideal cycle, what all produced less what could be judged
is that machine's (`sources`).

**Nor does the largest stand out.** A factory that knows its own numbers takes them out of a total. So in each atom all
factories but the two largest must have a share of what the largest has (the p% rule): who takes out the second largest
errs on the largest by that share at least. The rule holds for a union of disjoint sets when it holds for each of them,
(its sensitivity, share · x1 - (x3 + x4 + …), is subadditive), so for every cell too, which is a union of atoms. It goes
by one number of the facet, such as the planned time of which something is known, not by each.

**Nor does time tell.** The number of an element is the same in every cell, whenever the cell is told, and what was told
is never decided again. A cell that becomes due later is held against all that were told before; it is the one that is
silent.

What is not promised: that numbers of one day resemble those of the day before, and a machine that is new in a group can
be guessed from the difference; that somebody who knows all but one of an atom does not know that one.
"""
