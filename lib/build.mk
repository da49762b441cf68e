# The C library of the host brings these itself.
KSKIP += $(if $(filter host,$(ARCH)),lib/string.c lib/snprintf.c)
