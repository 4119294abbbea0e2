#!/bin/sh
# The healthy set: set-ups that are sound, as lines of a catalogue (instances.txt). A check must let them pass.
#
#     sh tests/faults/healthy.sh | grep -c '^healthy'
#
# Builders x sets x optimizers x initial forms x batch norm or not x seeds, not all with all: each line takes the next value of
# each, whose numbers have no common divisor. Then set-ups that look odd and are right.
cat <<'LISTS'
model cnn     | --model cnn --set model.base=8 --batch 32 --set epochs=8
model wide    | --model cnn --set model.base=16 --batch 64 --set epochs=8
model mlp     | --model mlp --set model.base=64 --batch 32 --set epochs=10
model linear  | --model linear --batch 32 --set epochs=10
model res     | --model resnet20 --set model.blocks=[1,1,1] --set model.base=8 --batch 32 --set epochs=8
model resa    | --model resnet20 --set model.blocks=[1,1] --set model.base=8 --set model.shortcut=A --batch 32 --set epochs=8
model deep    | --model resnet20 --set model.blocks=[2,2,2] --set model.base=8 --batch 32 --set epochs=8
model res18   | --model resnet18 --set model.blocks=[1,1,1,1] --set model.base=8 --stem small --batch 32 --set epochs=8
model res50   | --model resnet50 --set model.blocks=[1,1,1] --set model.base=8 --stem small --batch 32 --set epochs=8
set fashion   | train=2500 test=1000
set split     | train=2200 validation=300 test=1000
set pair      | classes=2 train=1200 test=600
set uneven    | train=4000 test=1000 long=0.85
set ten       | from=waves side=16 classes=10 train=2000 test=800
set four      | from=waves side=24 channels=3 classes=4 train=1200 test=600
set two       | from=waves side=32 channels=3 classes=2 train=800 test=400
set forty     | from=waves side=16 classes=40 train=3200 test=800 contrast=80
set hundred   | from=waves side=16 channels=3 classes=100 train=6000 test=1000 contrast=90
set large     | from=waves side=64 classes=4 train=600 test=300
set largest   | from=waves side=96 channels=3 classes=3 train=360 test=180
set third     | from=waves side=16 channels=3 classes=3 train=1500 test=600 rare=0.3
LISTS
awk '
# A mirrored wave is of another class; a linear model has no layer but its classifier.
function line(model, set, parts) {
    if (set !~ /^(fashion|split|pair|uneven)$/ && parts !~ /augment=/) parts = "set augment=[{crop: {padding: 2}}]; " parts
    if (model == "linear") sub(/set init=[a-z]+; /, "", parts)
    printf "healthy H%03d | %s | %s | %s\n", ++n, model, set, parts
}
BEGIN {
    models = split("cnn mlp res linear deep wide resa res18 res50", model, " ")
    sets = split("fashion ten four pair split forty two uneven third hundred large", set, " ")
    # gradient descent, Adam, AdamW; each of them with its schedule
    optimizers = split("set optimizer.momentum=0.9|set optimizer={adam: {lr: 0.003}}|set optimizer={adamw: {lr: 0.003, weight_decay: 0.02}}|set optimizer={sgd: {lr: 0.05, momentum: 0.9, nesterov: true}}; set scheduler=cosine; set warmup=1", optimizer, "|")
    forms = split("|set model.zero_init=false|set init_layers=[{normal: {layers: \"fc*.weight\", std: 0.001}}]|set init=xavier|set init=orthogonal", form, "|")
    seeds = split("1 2 3 4 5 6 7", seed, " ")
    for (i = 0; i < 240; i++) {
        m = model[i % models + 1]; s = set[int(i / 3) % sets + 1]
        f = form[int(i / 2) % forms + 1]
        if (f ~ /zero_init/ && m !~ /^(res|deep)/) f = ""
        if (f ~ /fc[*]/ && m == "mlp") f = "set init_layers=[{normal: {layers: \"fc3.weight\", std: 0.001}}]"
        if (s == "hundred" && m == "linear") s = "ten"
        if (s == "large" && m == "res50") s = "two"
        line(m, s, optimizer[int(i / 5) % optimizers + 1] (f == "" ? "" : "; " f) "; set seed=" seed[int(i / 7) % seeds + 1])
    }
    odd[++odds] = "set loss={cross_entropy: {label_smoothing: 0.1}}"
    odd[++odds] = "set loss={cross_entropy: {label_smoothing: 0.2}}; set seed=2"
    odd[++odds] = "set prior_bias=false"
    odd[++odds] = "set augment=[]"
    odd[++odds] = "set batch=8; set epochs=3"
    odd[++odds] = "set augment=[{crop: {padding: 1}}]; set regularize=[]"
    odd[++odds] = "set dropout=0.2"
    odd[++odds] = "set memory=low; set clip_norm=5"
    odd[++odds] = "set scheduler={step: {}}"
    odd[++odds] = "set epochs=30"
    odd[++odds] = "set init_layers=[{normal: {layers: \"*fc*.weight\", std: 0}}]"
    odd[++odds] = "set data.validation=0.3"
    odd[++odds] = "set augment=[{crop: {padding: 2}}, {cutout: {size: 4}}]"
    split("cnn res mlp deep cnn res", base, " ")
    split("fashion ten fashion four uneven third", of, " ")
    for (i = 1; i <= odds; i++)
        for (k = 1; k <= 6; k++) {
            parts = odd[i]
            if (parts ~ /fc/ && base[k] == "mlp") parts = "set init_layers=[{normal: {layers: \"fc3.weight\", std: 0}}]"
            line(base[k], of[k], parts)
        }
    line("res", "largest", "")
    line("cnn", "largest", "set optimizer={adam: {lr: 0.003}}")
}'
