#!/bin/sh
# All trials: 2,000 stops, random kills and kills at every call, flips, faults at every call, limits of the machine. Takes
# about two hours on two CPUs; each script can run alone, too. Run it in the build folder: "make trials". The settings of
# each script hold.
folder=${0%/*}
status=0
for script in stops kills flips faults pictures 'limits all'; do
    printf '\n=== %s\n' "$script"
    "$folder/${script% *}.sh" ${script#"${script% *}"}
    case $? in 0 | 77) ;; *) status=1 ;; esac
done
exit $status
