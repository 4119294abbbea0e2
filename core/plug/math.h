/* exp, log, powers, sine and cosine for plugins: plain double arithmetic, so that results have the same bits on every
 * machine. <regimen/plugin.h> says how exact they are.
 */
#ifndef RGM_PLUG_MATH_H
#define RGM_PLUG_MATH_H

double rgm_plug_exp(double x);
double rgm_plug_log(double x);
double rgm_plug_sin(double x);
double rgm_plug_cos(double x);
double rgm_plug_pow(double x, double y);

#endif
