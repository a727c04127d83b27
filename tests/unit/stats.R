# SPDX-License-Identifier: GPL-2.0-only
#
# usage: Rscript tests/unit/stats.R VALUES
#
# VALUES is what tests/unit/stats_values.c prints: calls of the functions below, each with samples and what
# harness/stats made of them.  Stops at the first that R, or its packages boot and mvtnorm, see otherwise.

nr <- 0
sames <- 0

same <- function(what, ours, theirs, tolerance = 1e-9) {
	nr <<- nr + 1
	if (!isTRUE(all(abs(ours - theirs) <= tolerance * pmax(1, abs(theirs)))))
		stop(what, ": ours ", paste(ours, collapse = " "), ", R's ", paste(theirs, collapse = " "))
}

# Every way to choose which ranks are b's; R's own exact test knows no ties.
exact_p <- function(a, b) {
	ranks <- rank(c(a, b))
	sums <- combn(length(ranks), length(b), function(i) sum(ranks[i]))
	own <- sum(ranks[length(a) + seq_along(b)])
	min(1, 2 * min(mean(sums <= own + 1e-9), mean(sums >= own - 1e-9)))
}

arms <- function(a, b, u, p, a12, shift, lo, hi, bounded) {
	same("a12", a12, mean(outer(b, a, ">") + outer(b, a, "==") / 2))
	same("shift", shift, median(outer(b, a, "-")))
	exact <- length(a) + length(b) <= 200
	ties <- anyDuplicated(c(a, b)) > 0
	test <- suppressWarnings(wilcox.test(b, a, exact = exact && !ties, correct = TRUE))
	same("u", u, unname(test$statistic))
	same("p", p, if (exact && ties) exact_p(a, b) else test$p.value)
	if (ties || !exact)
		return()
	# qwilcox() is the smallest u with P(U <= u) of that much at least.
	below <- qwilcox(0.025, length(b), length(a))
	if (pwilcox(below, length(b), length(a)) > 0.025)
		below <- below - 1
	d <- sort(outer(b, a, "-"))
	same("bounded", bounded, below >= 0)
	if (bounded) {
		same("lo", lo, d[below + 1])
		same("hi", hi, d[length(d) - below])
		theirs <- suppressWarnings(wilcox.test(b, a, conf.int = TRUE, exact = TRUE))$conf.int
		same("interval", c(lo, hi), theirs[1:2], 1e-4)
	}
}

# Both one-sided tests of a shift as large as the margin reject at 2.5 %.
within <- function(a, b, margin, is) {
	above <- wilcox.test(b, a, alternative = "greater", mu = -margin, exact = TRUE)$p.value
	below <- wilcox.test(b, a, alternative = "less", mu = margin, exact = TRUE)$p.value
	same("within", is, max(above, below) <= 0.025)
	sames <<- sames + is
}

share <- function(k, n, conf, lo, hi)
	same("share", c(lo, hi), binom.test(k, n, conf.level = conf)$conf.int[1:2])

student <- function(p, df, t)
	same("student", t, qt(p, df))

incomplete <- function(x, a, b, p)
	same("beta", p, pbeta(x, a, b))

labels <- function(x, na, p) {
	gaps <- combn(length(x), na, function(i) abs(mean(x[i]) - mean(x[-i])))
	own <- abs(mean(x[1:na]) - mean(x[-(1:na)]))
	same("labels", p, mean(gaps >= own - 1e-9))
}

arm <- function(x, median, sd, robust, at, quantile, noise, z) {
	same("median", median, stats::median(x))
	same("sd", sd, stats::sd(x))
	same("robust", robust, mad(x, constant = 1 / qnorm(0.75)) / abs(stats::median(x)))
	same("quantile", quantile, unname(stats::quantile(x, at)))
	same("noise", noise, mad(diff(x), center = 0, constant = 1 / qnorm(0.75)) / sqrt(2))
	same("z", z, qnorm(at), 1e-7)
}

family <- function(p, holm, bh) {
	same("holm", holm, p.adjust(p, "holm"))
	same("bh", bh, p.adjust(p, "BH"))
}

# The chance of crossing by each look is what may be spent by then.
looks <- function(share, p, pocock) {
	alpha <- 0.05
	spent <- if (pocock) alpha * log(1 + (exp(1) - 1) * share)
		else 4 * pnorm(qnorm(1 - alpha / 4) / sqrt(share), lower.tail = FALSE)
	edge <- qnorm(1 - p / 2)
	for (k in seq_along(p)) {
		t <- share[1:k]
		corr <- sqrt(outer(t, t, pmin) / outer(t, t, pmax))
		inside <- if (k == 1) 1 - p[1] else mvtnorm::pmvnorm(-edge[1:k], edge[1:k], corr = corr,
			algorithm = mvtnorm::GenzBretz(maxpts = 1e6, abseps = 1e-6))
		same("looks", 1 - as.numeric(inside), spent[k], 2e-5)
	}
}

# The split whose halves are farthest apart, by the definition.
change <- function(x, nr, at) {
	n <- length(x)
	d <- as.matrix(dist(x))
	within <- function(i) if (length(i) < 2) 0 else sum(d[i, i]) / (length(i) * (length(i) - 1))
	q <- sapply(2:(n - 2), function(m) {
		a <- 1:m
		b <- (m + 1):n
		m * (n - m) / n * (2 * mean(d[a, b]) - within(a) - within(b))
	})
	same("changes", nr, 1)
	same("change", at, which.max(q) + 1)
}

ratio <- function(a, b, value, lo, hi) {
	x <- c(a, b)
	group <- rep(1:2, c(length(a), length(b)))
	of <- function(x, i) median(x[i][group[i] == 2]) / median(x[i][group[i] == 1])
	b <- boot::boot(x, of, 20000, strata = group)
	theirs <- boot::boot.ci(b, 0.9, "bca", L = boot::empinf(b, type = "jack"))$bca[4:5]
	same("ratio", value, b$t0)
	# Both are random: a tenth of the width.
	same("ratio's interval", c(lo, hi), theirs, (theirs[2] - theirs[1]) / 10)
}

set.seed(1)
source(commandArgs(trailingOnly = TRUE)[1])
if (nr < 1000)
	stop("only ", nr, " values were compared")
if (sames < 10)
	stop("only ", sames, " arms were the same")
cat(nr, "values are R's\n")
