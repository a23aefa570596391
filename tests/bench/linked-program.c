/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does nothing: what is left is what a program with the command line's libraries takes to start. */

int main(void)
{
    return 0;
}
