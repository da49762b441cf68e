/*
 * Constants for assembly. A port's offsets.c includes this and states, inside
 * one function, each constant that its .S files need; the build compiles that
 * file to assembly text, takes the lines out, and makes offsets.h of them.
 *
 *	ASM_OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
 */
#pragma once

#define ASM_OFFSET(name, value) \
	__asm__ volatile(".ascii \"@ASM " #name " %0\"" : : "i"(value))
