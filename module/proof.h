/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_PROOF_H
#define SUD_PROOF_H

/*
 * sud_proof() - will the calls of armed threads come by the hook?
 * @hooked: the function that the trampoline is attached to
 *
 * Return: 0; or -ENODEV, and the log says why not.
 */
int sud_proof(unsigned long hooked);

#endif /* SUD_PROOF_H */
