/* What a run shows that its reader should know before trusting it: rules over its history, the weightiest first.
 *
 * A rule speaks of figures that it has seen, and is silent where there are too few. It never says what a healthy run
 * would not bear: intervals and noise are those of the run itself.
 */
#ifndef RGM_REPORT_RISKS_H
#define RGM_REPORT_RISKS_H

#include "report/history.h"

enum { RGM_RISKS = 24, RGM_RISK_TEXT = 320, RGM_RISK_COMMAND = 1536 };

typedef struct rgm_risk {
    const char *kind;               /* "gap": a literal, for programs */
    double weight;                  /* 0 to 100; from RGM_RISK_GRAVE on the run's result should not be used as it is */
    char text[RGM_RISK_TEXT];       /* a sentence with figures */
    char advice[RGM_RISK_TEXT];     /* what may mend it; "": nothing */
    char command[RGM_RISK_COMMAND]; /* a command that does so; "": none */
} rgm_risk;
#define RGM_RISK_GRAVE 80

typedef struct rgm_risks {
    int32_t count;
    rgm_risk items[RGM_RISKS]; /* by weight, falling */
} rgm_risks;

/* The rules, by kind:
 *     running       it has not told its end, or was interrupted, or failed
 *     empty         nothing is recorded yet
 *     not finite    losses that are not finite
 *     left out      steps that were skipped, or rewinds: their numbers, and what for
 *     diverged      the loss at the end is 1.5 times its least, and above that of guessing
 *     guessing      the interval of the accuracy holds 1 / classes
 *     start         the first loss is above 1.5 * ln(classes)
 *     unevaluated   no evaluation
 *     overfit       the evaluation's loss rose by a tenth and more from its least, while that of training fell
 *     gap           training is better than evaluation by more than 5 points, and than twice the interval's half
 *     past best     the best epoch lies before 60 % of the run, and the last accuracy is below its interval
 *     unfinished    the evaluation's loss fell by 3 % and more in the last quarter, and the last one is the best
 *     spikes        steps whose loss is 3 times the mean around them, and 0.5 above it, after the first tenth
 *     norm          the gradient's norm grew tenfold from the second tenth of the run to its end
 *     interval      the accuracy's 95 % interval is wider than 4 points
 *     no test       the result is of the split that chose the checkpoint
 *     slower        throughput in the last quarter is below 0.7 of that in the first
 *     damaged       lines of metrics.jsonl that are no events
 *     one seed      always: what another seed would give is not known */
void rgm_risks_find(rgm_risks *risks, const rgm_history *history);

/* Puts one among the others; text, advice and command are copied. Ignored if there are RGM_RISKS weightier ones. */
void rgm_risks_add(rgm_risks *risks, const rgm_risk *risk);

/* What is best done next: the command of the weightiest risk that has one, else to look at mistakes. Returns out. */
const char *rgm_risks_next(const rgm_risks *risks, const rgm_history *history, char out[RGM_RISK_COMMAND]);

#endif
