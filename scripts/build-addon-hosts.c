/* PortAudio's list of the sound interfaces to try, with ALSA alone. In the library's own stand JACK and OSS too: libraries
   that hardly any machine has, and servers that one of them would start. Linked before the library, this one counts. */
typedef int HostInitializer(void **host, int index);

HostInitializer PaAlsa_Initialize;

HostInitializer *paHostApiInitializers[] = {PaAlsa_Initialize, 0};
