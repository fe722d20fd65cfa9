// Browsers run no search in pages that are opened as files: hide it there.
if (location.protocol === "file:") document.documentElement.classList.add("opened-as-file");
